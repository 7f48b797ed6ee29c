"""Sockets and commands, as they answer, and as they should not; and the servers of a replica together."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import ManualClock
from harness.environment.fingerprint import ALWAYS, ask, command, sockets, take, understood
from harness.environment.fingerprint.sections import Section, Sections
from harness.environment.replica import Replica
from harness.fingerprint import StatePart
from harness.history import History
from harness.servers import ServerAdapter
from harness.stack import State
from suites.selftest.fingerprint.answers import asked, said, section
from suites.selftest.probes.test_kernel import TCP, TCP6, UDP
from suites.selftest.stack.support import loaded

UNIX = """Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 17 /run/app.sock.8412
0000000000000000: 00000003 00000000 00000000 0001 03 18 /run/connected.sock
0000000000000000: 00000002 00000000 00010000 0001 01 19 @abstract
"""


def test_who_listens_is_told_and_connections_chance_ports_and_dockers_name_server_are_not() -> None:
    texts = {"tcp": TCP, "tcp6": TCP6, "udp": UDP, "udp6": "", "unix": UNIX}
    found = sockets.read({f"sockets.{name}": section(text) for name, text in texts.items()})
    assert found.items == {"tcp 0.0.0.0:8080": 1, "tcp [::1]:22": 1, "udp 127.0.0.1:53": 1, "unix /run/app.sock.<n>": 1}
    assert sockets.read({}).error == "not answered"


@pytest.mark.parametrize(
    ("found", "items"),
    [
        (
            section("jobs\t3\n\nleader\tnode-1 is \t it\nalone\n"),
            {"jobs": "3", "leader": "node-1 is \t it", "alone": ""},
        ),
        (
            section('{"jobs": 3, "names": ["b", "a"], "leader": "node-1"}'),
            {"jobs": "3", "names": '["b", "a"]', "leader": "node-1"},
        ),
    ],
)
def test_a_command_tells_items_as_lines_or_as_json(found: Section, items: dict[str, str]) -> None:
    assert command.read({"command": found}).items == items


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({}, "not answered"),
        ({"command": section("a\t1\n", b"no such tenant\n", 3)}, "no such tenant"),
        ({"command": section("")}, "exit code 0 and no answer"),
        ({"command": section("".join(f"{number}\n" for number in range(10_001)))}, "more than 10000"),
    ],
)
def test_a_command_that_does_not_tell_is_an_error(found: Any, words: str) -> None:
    part = command.read(found)
    assert part.items is None
    assert words in str(part.error)


class Told(ServerAdapter):
    """A server that tells what it is given."""

    kind: Literal["told"] = "told"
    parts: ClassVar[tuple[str, ...]] = ("schema",)
    said: str = ""

    def fingerprint(self, *_: Any) -> dict[str, StatePart]:
        return {"schema": StatePart(None, self.said) if self.said.startswith("no") else StatePart({self.said: ""})}


class Fake:
    """As much of a replica as a fingerprint needs; what its sections say is nothing."""

    name, service = "database-1", "database"

    def image(self) -> str:
        return "sha256:1"

    def has_shell(self) -> bool:
        return True

    def ask(self, *_: Any) -> Any:
        return said()


@pytest.mark.parametrize(
    ("servers", "part"),
    [
        ({"database": "a"}, StatePart({"a": ""})),
        ({"database": "a", "orders": "b"}, StatePart({"a": "", "orders: b": ""})),
        ({"orders": "a", "bills": "a"}, StatePart({"orders: a": "", "bills: a": ""})),
        ({"database": "a", "orders": "no answer"}, StatePart(None, "no answer")),
        ({"database": "no answer", "orders": "b"}, StatePart(None, "no answer")),
    ],
)
def test_the_parts_of_two_servers_in_one_replica_are_told_apart_by_their_names(
    servers: dict[str, str], part: StatePart
) -> None:
    declared = {name: Told(said=text) for name, text in servers.items()}
    taken = ask(cast(Replica, Fake()), State(), (), ManualClock(), declared)
    assert taken.parts["schema"] == part
    assert "told" in taken.seconds


def test_only_servers_that_are_compared_are_asked_and_each_in_its_service(tmp_path: Path) -> None:
    replica = cast(Replica, Fake())
    text = "services: {database: {image: i}, other: {image: i}}\nx-harness: {servers: {%s}}\n"
    for servers, parts in (
        ("database: {kind: redis}", {"keys", "values", "queues", "settings", "roles", "schema"}),
        ("database: {kind: redis, compare: false}", set()),
        ("other: {kind: redis}", set()),
        ("more: {kind: memcached, in: database}", {"keys", "settings"}),
    ):
        found = take(History(), loaded(tmp_path, text % servers), [replica])
        assert set(found.replicas["database-1"]) - {*ALWAYS} == parts


def test_a_command_is_run_with_its_words_and_what_it_says_on_stderr_is_its_error() -> None:
    sections = Sections()
    command.ask(sections, ("sh", "-c", "printf 'a b\\t1\\n'; cat"))
    assert command.read(asked(sections)).items == {"a b": "1"}
    command.ask(sections, ("sh", "-c", "echo no such tenant >&2; exit 3"))
    assert command.read(asked(sections)).error == "no such tenant"


SECTIONS = st.builds(Section, st.binary(max_size=80), st.binary(max_size=20), st.integers(0, 2))
NAMES = [f"sockets.{name}" for name in ("tcp", "tcp6", "udp", "udp6", "unix")] + ["packages", "command"]
NAMES += [f"files.{name}" for name in ("missing", "gnu", "hashes", "names", "stats", "links")]


@given(st.dictionaries(st.sampled_from(NAMES), SECTIONS, max_size=len(NAMES)))
def test_whatever_a_replica_answers_every_part_is_told_or_is_an_error(found: dict[str, Section]) -> None:
    declared = State(files=("/srv",), command=("tell",))
    parts = understood(found, declared)
    assert set(parts) == {"sockets", "packages", "files", "command"}
    assert all(part.items is not None or part.error or part.absent for part in parts.values())
