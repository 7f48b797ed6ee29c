"""Every adapter, found by name: what each of them has to have, and what a stack gets of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from harness import events, servers
from harness.fingerprint import PARTS
from harness.servers import ServerAdapter, kinds, queue_of, readback_of
from harness.servers._base import Client, Password, complaint
from harness.stack import QueueProbe, XHarness
from suites.selftest.fingerprint.answers import said
from suites.selftest.probes.local import LocalStart
from suites.selftest.stack.support import loaded

ROOT = Path(__file__).parents[3]
NAMES = ("haproxy", "mariadb", "memcached", "mysql", "nginx", "postgres", "rabbitmq", "redis", "valkey")
ADAPTERS = sorted({one.__name__: one for one in kinds().values()}.items())


def test_the_kinds_are_those_of_the_modules() -> None:
    assert tuple(kinds()) == NAMES
    public = [file.stem for file in Path(servers.__file__).parent.glob("[a-z]*.py")]
    assert {one.__module__.rpartition(".")[2] for one in kinds().values()} == set(public)


@pytest.mark.parametrize(("name", "adapter"), ADAPTERS)
def test_an_adapter_has_its_event_its_parts_its_fields_and_its_documents(
    name: str, adapter: type[ServerAdapter]
) -> None:
    module = adapter.__module__.rpartition(".")[2]
    assert adapter.event.kind == f"probe.{module}"
    assert adapter.parts
    assert set(adapter.parts) <= set(PARTS)
    assert events.find(adapter.event.kind) is adapter.event
    written = {file: (ROOT / "docs" / file).read_text() for file in ("servers.md", "probes.md", "history.md")}
    assert f"`{adapter.event.kind}`" in written["servers.md"]
    told = written["probes.md"].partition(f"**`{adapter.event.kind}`**")[2].partition("\n\n")[0]
    own = [field for field in adapter.event.__struct_fields__ if field not in events.ProbeServer.__struct_fields__]
    assert own
    assert [field for field in own if f"`{field}`" not in told] == []
    assert f"`{adapter.event.kind}`" in written["history.md"]
    assert (Path(__file__).parent / f"test_{module}.py").exists()


def block(**servers: Any) -> XHarness:
    return XHarness.model_validate({"servers": servers})


def test_a_server_runs_in_the_service_of_its_name_unless_it_says_otherwise() -> None:
    found = servers.declared(block(cache={"kind": "redis"}, more={"kind": "valkey", "in": "cache", "database": 1}))
    assert {name: one.service for name, one in found.items()} == {"cache": "cache", "more": "cache"}


def test_the_queue_and_the_readback_are_the_servers_else_the_commands() -> None:
    sql = {"kind": "postgres", "user": "a", "database": "a"}
    held = block(cache={"kind": "redis"}, database={**sql, "queue": {"depth": "SELECT 1"}, "readback": "SELECT 2"})
    assert queue_of(held) is held.servers["database"]
    assert readback_of(held) is held.servers["database"]
    asked = QueueProbe(service="cache", command=("x",))
    other = XHarness.model_validate({"probes": {"queue": asked}})
    assert queue_of(other) == asked
    assert readback_of(other) is None
    assert queue_of(XHarness()) is None


def test_an_override_replaces_a_command_and_merges_the_rest(tmp_path: Path) -> None:
    text = "services: {cache: {image: i}}\nx-harness:\n  releases: {'1': {}, '2': over.yaml}\n  servers:\n"
    text += "    cache: {kind: redis, queues: [a], queue: {depth: [LLEN, a], oldest: [LINDEX, a, 0]}}\n"
    over = "x-harness: {servers: {cache: {queues: [b], queue: {depth: [XLEN, b]}}}}\n"
    found = servers.declared(loaded(tmp_path, text, {"over.yaml": over}).at("2").harness)["cache"]
    assert found.queue_questions() == ('"XLEN" "b"', '"LINDEX" "a" "0"')
    assert getattr(found, "queues", None) == ("a", "b")


def test_a_password_is_a_word_of_shell_and_never_its_text() -> None:
    assert Password(variable="DB_PASSWORD").shell() == '"$DB_PASSWORD"'
    assert Password(file="/run/secrets/a b").shell() == "\"$(cat '/run/secrets/a b')\""


@pytest.mark.parametrize(
    ("stdout", "stderr", "words"),
    [
        (b"", b"psql:<stdin>:3: ERROR:  no x\nLINE 1: SELECT\n   ^\n", "psql:<stdin>:3: ERROR:  no x"),
        (b"", b"nginx: [emerg] no }\nnginx: test failed\n", "nginx: [emerg] no }"),
        (b"NOAUTH\nmore\n", b"", "NOAUTH"),
        (b"", b"first\nlast\n", "last"),
        (b"", b"", "exit code 3"),
    ],
)
def test_a_complaint_is_the_line_that_says_most(stdout: bytes, stderr: bytes, words: str) -> None:
    assert complaint(said(stdout, stderr, 3)) == words


def test_a_client_tells_the_line_that_failed_and_goes_on(tmp_path: Path) -> None:
    replica = LocalStart("server-1")
    client = Client(replica, "exec sh", "echo {token}\n", greeting=":\n", failed=("ERROR",))
    answers = []
    for question in ("echo one; echo ERROR: no >&2", "echo two"):
        client.ask(question)
        answers.append(client.answer(time.monotonic() + 20.0))
    client.close()
    assert [(one.text, one.error) for one in answers] == [(None, "ERROR: no"), ("two\n", None)]
    assert len(replica.started) == 1
