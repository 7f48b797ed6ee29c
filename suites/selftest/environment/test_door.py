"""The environment's only door."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures import tiny
from harness.clock import ManualClock
from harness.engine import Container, Engine
from harness.engine.labels import ENVIRONMENT, REPLICA
from harness.environment.door import READY_WITHIN, Door
from harness.environment.links import Link, Links
from harness.errors import DoorGone, NotReady, UsageError
from harness.plan.run import Run
from harness.plan.subject import Subject
from harness.plan.trial import Trial
from harness.stack import load

pytestmark = pytest.mark.programs


class Proxies(BaseHTTPRequestHandler):
    """Answers with the proxies that the server holds, and learns one more with every question."""

    def do_GET(self) -> None:
        server: Any = self.server
        body = server.text or json.dumps(server.known).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        server.known.update({server.later.pop(): {"enabled": True}} if server.later else {})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Not on stderr."""


@pytest.fixture
def api() -> Iterator[Any]:
    server: Any = HTTPServer(("127.0.0.1", 0), Proxies)
    server.known, server.later, server.text = {}, [], None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def door(port: int, *targets: str, runs: bool = True) -> Door:
    state = SimpleNamespace(running=runs)
    container: Any = SimpleNamespace(name="h1-door", logs=lambda tail: f"{tail} lines", state=lambda: state)
    links = Links("h1", [Link("web-1", target, target, 1, f"x:{target}", "y:1") for target in targets])
    return Door(cast(Container, container), port, {}, links, {})


def test_a_door_is_open_when_it_listens_for_every_link(api: Any) -> None:
    api.later = ["web-1:b:1", "web-1:a:1"]
    clock = ManualClock()
    door(api.server_port, "a", "b").wait(clock)
    assert clock.monotonic() == pytest.approx(0.04)  # two answers without all of them


def test_a_door_with_a_listener_that_is_down_is_not_open(api: Any) -> None:
    api.known = {"web-1:a:1": {"enabled": False}}
    with pytest.raises(NotReady, match="did not open") as caught:
        door(api.server_port, "a").wait(ManualClock())
    assert caught.value.got == "no listener for web-1 -> a:1"


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "no listener for web-1 -> a:1"), (b"not json", "Expecting value"), (b"[]", "no attribute")],
)
def test_a_door_that_does_not_open_says_what_it_answered_last(text: bytes | None, said: str, api: Any) -> None:
    api.text = text
    with pytest.raises(NotReady) as caught:
        door(api.server_port, "a").wait(ManualClock())
    assert said in str(caught.value.got)
    assert caught.value.where == f"h1-door, published on 127.0.0.1:{api.server_port}"
    assert caught.value.detail == "20 lines"


def test_a_door_that_does_not_answer_at_all_is_waited_for_no_longer_than_its_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    clock = ManualClock()
    with pytest.raises(NotReady, match="did not open") as caught:
        door(port, "a").wait(clock)
    assert "refused" in str(caught.value.got)
    assert clock.monotonic() == pytest.approx(READY_WITHIN, abs=0.1)


def test_an_entry_point_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    made = dataclasses.replace(door(1), ports={"web:80": 40000})
    assert made.address("web:80") == ("127.0.0.1", 40000)
    for target in ("web:9", None):
        with pytest.raises(UsageError, match="no such entry point") as caught:
            made.address(target)
        assert caught.value.expected == "web:80"


def test_a_door_whose_process_has_ended_is_not_waited_for(api: Any) -> None:
    clock = ManualClock()
    with pytest.raises(NotReady, match="did not open") as caught:
        door(api.server_port, "a", runs=False).wait(clock)
    assert (caught.value.got, clock.monotonic()) == ("its process has ended", 0)


@pytest.mark.containers
def test_services_may_have_the_ports_that_the_door_would_take_for_itself(harness_run: Run, tmp_path: Path) -> None:
    override = tmp_path / "override.yaml"
    override.write_text("services: {control: {expose: [8474, 20000]}}\n")
    with harness_run.environment(load(tiny.STACK, [override]), "1.0.0", test="ports") as environment:
        assert {link.port for link in environment.links.between("web-1", "control")} == {8474, 20000}
        host, port = environment.address()
        with socket.create_connection((host, port), timeout=5) as opened:
            opened.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            assert opened.recv(12) == b"HTTP/1.1 200"


@pytest.mark.harness(stack=str(tiny.STACK))
def test_a_door_that_ends_is_told_and_makes_nothing_that_was_seen_a_verdict(
    trial: Trial, harness_engine: Engine
) -> None:
    trial.environment.check_alive()
    (container,) = [
        one
        for one in harness_engine.containers.list([f"{ENVIRONMENT}={trial.environment.id}"])
        if one.labels[REPLICA] == "door"
    ]
    trial.workload.start()
    container.kill()
    with pytest.raises(DoorGone, match="every link") as caught:
        trial.watch("deployed", 20.0)
    assert caught.value.exit_code == 3
    assert not trial.verdicts


@pytest.mark.harness(stack=str(tiny.STACK))
def test_only_the_door_publishes_and_only_on_127_0_0_1(environment: Subject, harness_engine: Engine) -> None:
    published: dict[str, list[tuple[str, str]]] = {}
    for container in harness_engine.containers.list([f"{ENVIRONMENT}={environment.id}"]):
        ports = container.inspect()["NetworkSettings"]["Ports"] or {}
        bound = [(port, one["HostIp"]) for port, bindings in ports.items() for one in bindings or ()]
        published[container.labels[REPLICA]] = sorted(bound)
    assert published.keys() == {"web-1", "web-2", "queue-1", "control-1", "door"}
    assert published.pop("door") == [("20000/tcp", "127.0.0.1"), ("8474/tcp", "127.0.0.1")]
    assert not any(published.values())
    host, port = environment.address()
    assert host == "127.0.0.1"
    with socket.create_connection((host, port), timeout=30) as opened:
        opened.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert opened.recv(12) == b"HTTP/1.1 200"
