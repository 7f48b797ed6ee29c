"""Sockets, HAProxy, PostgreSQL and Redis, as they answer, and as they should not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import ManualClock
from harness.environment.fingerprint import _safely, haproxy, postgres, redis, sockets, understood
from harness.environment.fingerprint.sections import Section
from harness.fingerprint import Part
from harness.stack import Postgres, Redis, State
from suites.selftest.fingerprint.answers import said, section
from suites.selftest.probes.test_look import TCP, TCP6, UDP

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


CSV = """# pxname,svname,status,weight
web,FRONTEND,OPEN,
web,one,UP 1/3,1
web,two,no check,2
web,three,MAINT,0
web,BACKEND,UP,3
"""


def test_servers_are_told_with_status_and_weight() -> None:
    assert haproxy.read({"servers": section(CSV)}).items == {
        "web/one": "UP, weight 1", "web/two": "no check, weight 2", "web/three": "MAINT, weight 0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({}, "not answered"),
        ({"servers": section("", b"Connection refused\n", 1)}, "Connection refused"),
        ({"servers": section("Permission denied\n")}, "HAProxy answered 'Permission denied', not its statistics"),
        ({"servers": section("# pxname,svname\n")}, "HAProxy has no servers"),
    ],
)
def test_an_haproxy_that_does_not_tell_is_an_error(found: Any, words: str) -> None:
    assert haproxy.read(found) == Part(None, words)


DECLARED = Postgres(user="app", database="app", tables=("plans",))
ANSWER = """::: schema
{"table plans": "id integer"}
::: roles
{"app": "login"}
::: settings
{"work_mem": "4MB", "ssl_passphrase_command": "echo s3cr3t"}
::: pending
{}
::: migrations
{"001": ""}
::: tables.0
{"plans": "3 rows, hash 1f"}
"""


def database(text: str, errors: bytes = b"", code: int = 0) -> dict[str, Part]:
    return postgres.read({"postgres": section(text, errors, code)}, DECLARED)


def test_a_database_is_told_by_schema_roles_settings_migrations_and_tables() -> None:
    found = database(ANSWER)
    assert found["schema"].items == {"table plans": "id integer"}
    assert found["tables"].items == {"plans": "3 rows, hash 1f"}
    assert found["migrations"].items == {"001": ""}
    assert (found["settings"].items or {})["ssl_passphrase_command"].startswith("hidden:")
    assert all(part.error is None for part in found.values())


@pytest.mark.parametrize("name", ["schema", "roles", "settings", "pending", "tables.0"])
def test_a_statement_that_failed_leaves_its_part_unknown_with_the_words_of_the_server(name: str) -> None:
    head, _, rest = ANSWER.partition(f"::: {name}\n")
    text = f"{head}::: {name}\n\n::: {rest.partition('::: ')[2]}"
    whose = {"pending": "settings", "tables.0": "tables"}.get(name, name)
    part = database(text, b"ERROR:  permission denied for table plans\n")[whose]
    assert part.items is None
    assert "permission denied for table plans" in (part.error or "")


def test_a_database_without_a_known_table_of_migrations_has_none_and_one_that_failed_is_unknown() -> None:
    text = ANSWER.replace('{"001": ""}\n', "")
    assert database(text)["migrations"].absent == "no table of a migration tool that is known"
    assert database(text, b"ERROR:  permission denied\n")["migrations"].error is not None


def test_a_psql_that_never_connected_leaves_every_part_unknown() -> None:
    found = database("", b"psql: error: password authentication failed\n", 2)
    assert set(found) == set(postgres.PARTS)
    assert {part.error for part in found.values()} == {"psql: psql: error: password authentication failed"}


def net(*texts: object) -> bytes:
    return b"".join(b"%d:%s" % (len(raw := str(text).encode()), raw) for text in texts)


def keys(output: bytes, code: int = 0, releases: tuple[str, ...] = ("4.1.0",)) -> dict[str, Part]:
    return redis.take(lambda _: said(output, b"", code), Redis(queues=("jobs",)), releases, ManualClock())


def test_keys_are_told_by_pattern_type_time_to_live_and_form() -> None:
    found = keys(net(0, "plan:4.1.0:17", "string", 2, 1, '{"a": 1}', "plan:4.1.0:18", "string", 1, 1, "x",
                     "jobs", "list", 0, 1, '{"id": 7}'))  # fmt: skip
    assert found["keys"].items == {
        "plan:4.1.0:<n>": {"type": "string", "ttl": "< 1 h", "format": ["json {a}", "text"]},
    }  # fmt: skip
    assert found["queues"].items == {"jobs": {"format": ["json {id}"]}}


@pytest.mark.parametrize(
    ("output", "code", "words"),
    [
        (b"NOAUTH Authentication required.\n", 0, "redis-cli: NOAUTH Authentication required."),
        (b"", 1, "redis-cli: exit code 1"),
        (b"Could not connect to Redis\n", 1, "redis-cli: Could not connect to Redis"),
    ],
)
def test_a_redis_that_does_not_answer_is_an_error_of_both_parts(output: bytes, code: int, words: str) -> None:
    assert {part.error for part in keys(output, code).values()} == {words}


@given(st.integers(1, 60))
def test_a_torn_answer_of_redis_is_never_a_database_with_fewer_keys(cut: int) -> None:
    whole = net(0, "a", "string", 0, 1, "x", "b", "string", 0, 1, "y" * 30)
    torn = whole[: max(0, len(whole) - cut)]
    found = _safely(("keys", "queues"), lambda: keys(torn))
    at_a_border = torn in (net(0), net(0, "a", "string", 0, 1, "x"))  # what carries it tells of those
    assert found["keys"].error is not None or at_a_border


SECTIONS = st.builds(Section, st.binary(max_size=80), st.binary(max_size=20), st.integers(0, 2))
NAMES = [f"sockets.{name}" for name in ("tcp", "tcp6", "udp", "udp6", "unix")] + ["packages", "servers", "postgres"]
NAMES += [f"files.{name}" for name in ("missing", "gnu", "hashes", "names", "stats", "links")]


@given(st.dictionaries(st.sampled_from(NAMES), SECTIONS, max_size=len(NAMES)))
def test_whatever_a_replica_answers_every_part_is_told_or_is_an_error(found: dict[str, Section]) -> None:
    declared = State(files=("/srv",), postgres=DECLARED, haproxy={"stats": "127.0.0.1:9999"})
    parts = understood(found, declared)
    assert set(parts) == {"sockets", "packages", "files", "servers", *postgres.PARTS}
    assert all(part.items is not None or part.error or part.absent for part in parts.values())
