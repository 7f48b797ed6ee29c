"""RabbitMQ: read as it answers, and a real one with its management plugin."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from harness.servers._base import Password
from harness.servers.rabbitmq import RabbitMQ, RabbitQueue, read_sample
from suites.selftest.probes.local import until
from suites.selftest.proxy.peers import free_port
from suites.selftest.servers.real import QUIET, fingerprint, items, program, queued, running, sampled

QUEUE = {"durable": True, "arguments": {"x-max-length": 10}}


def test_pages_become_figures_and_anything_else_its_words() -> None:
    overview = {"node": "b", "queue_totals": {"messages": 3}, "object_totals": {"queues": 1}}
    nodes = [{"name": "a"}, {"name": "b", "mem_used": 7, "mem_alarm": True, "uptime": 5400}]
    found = read_sample(f"{json.dumps(overview)}\n{json.dumps(nodes)}").fields
    assert (found["messages"], found["ready"], found["queues"], found["memory"]) == (3, None, 1, 7)
    assert (found["alarms"], found["uptime"]) == (["mem_alarm"], 5)
    for text in ("", "[]", json.dumps(overview), f"{json.dumps(overview)}[]"):
        assert "not an overview" in str(read_sample(text).error)


@pytest.mark.parametrize(
    ("answer", "depth", "oldest", "known", "error"),
    [
        ({"messages": 0, "head_message_timestamp": None}, 0, None, True, None),
        ({"messages": 2, "head_message_timestamp": 1700000000}, 2, 1700000000, True, None),
        ({"messages": 2, "head_message_timestamp": None}, 2, None, True, "has no timestamp"),
        ({}, None, None, True, "no number of messages"),
    ],
)
def test_a_queue_has_messages_and_where_they_have_timestamps_an_oldest(
    answer: Any, depth: Any, oldest: Any, known: bool, error: str | None
) -> None:
    server = RabbitMQ(kind="rabbitmq", queue=RabbitQueue(name="jobs", oldest=True))
    found = server.read_queue(json.dumps(answer))
    assert (found.depth, found.oldest, found.known) == (depth, oldest, known)
    assert (error or "") in str(found.error)


@dataclass(frozen=True)
class Running:
    """A RabbitMQ with the user `guest`, and its API."""

    port: int

    def server(self, **changes: object) -> RabbitMQ:
        made = {"kind": "rabbitmq", "address": f"http://127.0.0.1:{self.port}"}
        return RabbitMQ.model_validate({**made, **changes})

    def call(self, method: str, path: str, body: Any = None) -> None:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/{path}", method=method)
        request.add_header("Authorization", f"Basic {b64encode(b'guest:guest').decode()}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, None if body is None else json.dumps(body).encode(), timeout=20):
            pass

    def answers(self) -> bool:
        with contextlib.suppress(OSError, urllib.error.URLError):
            self.call("GET", "overview")
            return True
        return False


@pytest.fixture(scope="module")
def broker() -> Iterator[Running]:
    """Its own epmd too, which RabbitMQ would start by itself and leave running."""
    server, epmd = program("rabbitmq-server", "rabbitmq-server"), program("epmd", "erlang-base")
    amqp, management, names, inter = (free_port() for _ in range(4))
    with tempfile.TemporaryDirectory() as place:
        Path(place, "plugins").write_text("[rabbitmq_management].")
        Path(place, "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{amqp}\n"
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management}\n"
        )
        settings = {
            "HOME": place, "ERL_EPMD_PORT": str(names), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "selftest@localhost", "RABBITMQ_DIST_PORT": str(inter),
            "RABBITMQ_MNESIA_BASE": f"{place}/db", "RABBITMQ_LOG_BASE": f"{place}/log",
            "RABBITMQ_PID_FILE": f"{place}/pid", "RABBITMQ_ENABLED_PLUGINS_FILE": f"{place}/plugins",
            "RABBITMQ_CONFIG_FILE": f"{place}/rabbitmq.conf", "RABBITMQ_CONF_ENV_FILE": f"{place}/none",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }  # fmt: skip
        environment = {**os.environ, **settings}
        # Not /usr/sbin/rabbitmq-server, which changes to the user `rabbitmq`.
        inner = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
        command = [str(inner if inner.exists() else server)]
        with running([epmd, "-address", "127.0.0.1", "-port", names], env=environment):
            process = subprocess.Popen(command, env=environment, start_new_session=True, **QUIET)
            made = Running(management)
            try:
                assert until(lambda: process.poll() is not None or made.answers(), 120.0)
                assert process.poll() is None, f"it ended with exit code {process.returncode}"
                yield made
            finally:
                os.killpg(process.pid, signal.SIGKILL)  # a shell and the Erlang machine, in a session of their own
                process.wait(30)


def test_it_is_sampled_and_a_wrong_password_is_told(
    broker: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = sampled(broker.server(), lambda event: event.data["memory"] is not None)
    assert seen["memory"] < seen["memory_limit"]
    assert seen["alarms"] == []
    monkeypatch.setenv("RABBITMQ_DEFAULT_PASS", "wrong")
    sampled(broker.server(), lambda event: "401" in str(event.data["error"]))
    assert "401" in str(fingerprint(broker.server())["schema"].error)
    (tmp_path / "password").write_text("guest\n")
    sampled(broker.server(password=Password(file=str(tmp_path / "password"))))


@pytest.mark.sampled
def test_a_queue_has_a_depth_and_where_messages_have_a_timestamp_an_age(broker: Running) -> None:
    broker.call("PUT", "queues/%2F/jobs", QUEUE)
    server = broker.server(queue=RabbitQueue(name="jobs", oldest=True))
    assert until(lambda: queued(server) == (0.0, 0.0, None), 30.0)
    message = {"routing_key": "jobs", "payload": "x", "payload_encoding": "string"}
    broker.call("POST", "exchanges/%2F/amq.default/publish", {**message, "properties": {"timestamp": 1_700_000_000}})
    assert until(lambda: queued(server)[0] == 1.0, 30.0)
    depth, age, error = queued(server)
    assert (depth, error) == (1.0, None)
    assert age > 1e7
    assert "404" in str(queued(broker.server(queue=RabbitQueue(name="none")))[2])
    broker.call("DELETE", "queues/%2F/jobs")


CHANGES = [
    ("queues/%2F/more", QUEUE, "schema", "queue more"),
    ("exchanges/%2F/events", {"type": "topic"}, "schema", "exchange events"),
    ("policies/%2F/short", {"pattern": "^jobs$", "definition": {"max-length": 5}}, "settings", "policy short"),
    ("users/auditor", {"password": "s3cr3t", "tags": "monitoring"}, "roles", "user auditor"),
    (f"permissions/%2F/{quote('auditor')}", {"configure": "", "write": "", "read": ".*"}, "roles",
     "permissions of auditor on /"),
    ("vhosts/other", {}, "settings", "vhost other"),
]  # fmt: skip


def test_each_kind_of_definition_that_changes_is_found_and_nothing_else_is(broker: Running) -> None:
    server = broker.server()
    for path, body, part, key in CHANGES:
        before = fingerprint(server)
        broker.call("PUT", path, body)
        after = fingerprint(server)
        assert key not in (before[part].items or {})
        assert key in (after[part].items or {}), path
        changed = {name for name in server.parts if before[name] != after[name]}
        assert changed <= ({part, "roles"} if key == "vhost other" else {part}), path  # its maker gets permissions
    assert "hidden:" in items(server, "roles")["user auditor"]
    broker.call("POST", "bindings/%2F/e/events/q/more", {"routing_key": "a.*", "arguments": {}})
    assert "binding events -> queue more by a.*" in items(server, "schema")
