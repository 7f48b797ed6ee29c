"""Redis: read as it answers, and a real one with a password, a unix socket, TLS, or data that it still loads."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import ManualClock, SystemClock
from harness.environment.fingerprint import _safely
from harness.fingerprint import StatePart
from harness.servers import redis as adapter
from harness.servers._base import Password, ServerTls
from harness.servers.redis import Redis, RedisQueue, quoted
from suites.selftest.fingerprint.answers import said
from suites.selftest.probes.fakes import LocalReplica
from suites.selftest.proxy.conftest import answers
from suites.selftest.proxy.peers import free_port
from suites.selftest.servers.real import (
    back,
    certificate,
    fingerprint,
    items,
    program,
    queued,
    running,
    sampled,
    sh,
    up,
)

pytestmark = pytest.mark.programs

INFO = """\
# Server\r
redis_version:7.0.15\r
uptime_in_seconds:19\r
# Clients\r
connected_clients:12\r
blocked_clients:2\r
# Memory\r
used_memory:1556880\r
maxmemory:67108864\r
# Stats\r
rejected_connections:0\r
expired_keys:3\r
evicted_keys:4\r
keyspace_hits:5\r
keyspace_misses:270\r
# Replication\r
role:master\r
# Keyspace\r
db0:keys=502,expires=7,avg_ttl=0\r
db3:keys=1,expires=0,avg_ttl=0\r
"""


def declared(**changes: object) -> Redis:
    return Redis.model_validate({"kind": "redis", **changes})


def test_info_becomes_figures() -> None:
    assert declared().read_sample(INFO).fields == {
        "hits": 5, "misses": 270, "evicted": 4, "expired": 3, "memory": 1556880, "memory_limit": 67108864,
        "clients": 12, "blocked": 2, "rejected": 0, "uptime": 19, "keys": 502, "expires": 7, "role": "master",
    }  # fmt: skip
    assert declared(database=3).read_sample(INFO).fields["keys"] == 1
    assert declared(database=9).read_sample(INFO).fields["keys"] == 0  # a database without keys is not named


@pytest.mark.parametrize("text", ["", "ERR unknown command 'INFO'", "\0\1\2", "a:b"])
def test_what_is_not_info_gives_no_figure_and_no_zero(text: str) -> None:
    found = declared().read_sample(text)
    assert not found.fields
    assert "not what INFO says" in str(found.error)


def test_words_are_quoted_as_redis_cli_reads_them() -> None:
    assert quoted(["LINDEX", 'a "b" \\', "0"]) == '"LINDEX" "a \\"b\\" \\\\" "0"'


def net(*texts: object) -> bytes:
    return b"".join(b"%d:%s" % (len(raw := str(text).encode()), raw) for text in texts)


def keys(output: bytes, code: int = 0, releases: tuple[str, ...] = ("4.1.0",)) -> dict[str, StatePart]:
    return dict(declared(queues=("jobs",)).fingerprint(lambda _: said(output, b"", code), releases, ManualClock()))


def test_keys_are_told_by_pattern_type_time_to_live_and_form() -> None:
    plan, other = ("plan:4.1.0:17", "string", 2, 8, "", 1, '{"a": 1}'), ("plan:4.1.0:18", "string", 1, 1, "", 1, "x")
    found = keys(net(0, *plan, *other, *other, "jobs", "list", 0, 1, "", 1, '{"id": 7}'))
    assert found["keys"].items == {
        "plan:4.1.0:<n>": {"type": "string", "ttl": "< 1 h", "format": ["json {a}", "text"], "count": 2},
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
    whole = net(0, "a", "string", 0, 1, "=x", 1, "x", "b", "string", 0, 30, "", 1, "y" * 30)
    torn = whole[: max(0, len(whole) - cut)]
    found = _safely(("keys", "queues"), lambda: keys(torn))
    at_a_border = torn in (net(0), net(0, "a", "string", 0, 1, "=x", 1, "x"))  # what carries it tells of those
    assert found["keys"].error is not None or at_a_border


@dataclass(frozen=True)
class Running:
    """A Redis that asks for a password (`right`)."""

    port: int
    tls: int
    directory: Path
    ca: str

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


@pytest.fixture
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    server = program("redis-server", "redis-server")
    program("redis-cli", "redis-tools")
    made, files = Running(free_port(), free_port(), tmp_path, str(tmp_path / "cert.pem")), certificate(tmp_path)
    monkeypatch.setenv("REDISCLI_AUTH", "right")
    command = [
        server,
        "--port",
        made.port,
        "--bind",
        "127.0.0.1",
        "--dir",
        tmp_path,
        "--save",
        "",
        "--appendonly",
        "no",
    ]
    command += ["--requirepass", "right", "--unixsocket", tmp_path / "redis.sock", "--tls-port", made.tls]
    command += ["--tls-cert-file", files["ca"], "--tls-key-file", files["key"], "--tls-auth-clients", "no"]
    with running(command) as process:
        up(process, lambda: answers(made.port, b"PING\r\n", b"-NOAUTH"))
        yield made


def test_it_is_asked_with_a_password_over_its_port_its_socket_and_tls(
    redis: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    sh(f"redis-cli -p {redis.port} SET plan:1 x")
    ways: list[dict[str, Any]] = [
        {"address": redis.address},
        {"address": str(redis.directory / "redis.sock")},
        {"address": f"localhost:{redis.tls}", "tls": ServerTls(ca=redis.ca)},
        {"address": f"127.0.0.1:{redis.tls}", "tls": ServerTls(verify=False)},
    ]
    for way in ways:
        assert sampled(declared(**way))["keys"] == 1
        assert set(items(declared(**way), "keys")) == {"plan:<n>"}
    monkeypatch.delenv("REDISCLI_AUTH")
    monkeypatch.setenv("OTHER", "right")
    assert sampled(declared(**ways[0], password=Password(variable="OTHER"), user="default"))["role"] == "master"
    refused = sampled(declared(**ways[0]), lambda event: "NOAUTH" in str(event.data["error"]))
    assert refused["keys"] is None
    assert "NOAUTH" in str(fingerprint(declared(**ways[0]))["keys"].error)


def test_a_valkey_is_asked_with_its_own_client_or_redis_cli(
    redis: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sampled(declared(kind="valkey", address=redis.address))["role"] == "master"
    programs = tmp_path / "bin"  # an image that has only a valkey-cli
    programs.mkdir()
    for name in ("sh", "cat"):
        (programs / name).symlink_to(str(shutil.which(name)))
    (programs / "valkey-cli").symlink_to(str(shutil.which("redis-cli")))
    monkeypatch.setenv("PATH", str(programs))
    for kind in ("redis", "valkey"):
        assert sampled(declared(kind=kind, address=redis.address))["role"] == "master"


def test_a_redis_that_loads_its_data_says_so_until_it_is_ready(tmp_path: Path) -> None:
    server, port = program("redis-server", "redis-server"), free_port()
    one = declared(address=f"127.0.0.1:{port}")
    command = [server, "--port", port, "--bind", "127.0.0.1", "--dir", tmp_path, "--save", "", "--appendonly", "no"]
    with running(command) as process:
        up(process, lambda: answers(port, b"PING\r\n", b"+PONG"))
        sh(f"redis-cli -p {port} EVAL \"for i=1,3000 do redis.call('SET','k'..i,string.rep('x',100)) end\" 0")
        sh(f"redis-cli -p {port} SAVE")
    assert (tmp_path / "dump.rdb").exists()
    slowly = ["--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024"]  # µs for each key
    with running([*command, *slowly]):
        loading = sampled(one, lambda event: "is loading its data" in str(event.data["error"]))
        assert loading["keys"] is None
        ready = sampled(one)
    assert (ready["keys"], ready["role"]) == (3000, "master")


def test_a_queue_and_a_readback_are_asked_by_commands(redis: Running, tmp_path: Path) -> None:
    jobs = RedisQueue(depth=("LLEN", "jobs"), oldest=("LINDEX", "jobs", "0"), field="queued", holds="age")
    one = declared(address=redis.address, queue=jobs, readback=("LRANGE", "done of {key}", 0, -1), queues=("jobs",))
    assert queued(one) == (0.0, 0.0, None)
    sh(f'redis-cli -p {redis.port} RPUSH jobs \'{{"id": "a b", "queued": 4.5}}\' x')
    assert queued(one) == (2.0, 4.5, None)
    assert items(one, "queues") == {"jobs": {"format": ["json {id, queued}", "text"]}}
    sh(f"redis-cli -p {redis.port} RPUSH 'done of k' k-1 k-2 k-1")
    assert back(one, "k", tmp_path)["pieces"] == 2
    sh(f"redis-cli -p {redis.port} SET jobs text")
    assert "WRONGTYPE" in str(queued(one)[2])
    closed = declared(address=f"127.0.0.1:{free_port()}", queue=jobs)
    assert "Could not connect" in str(queued(closed)[2])


def test_of_many_keys_a_sample_is_looked_at_and_says_so(redis: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    sh(f"redis-cli -p {redis.port} EVAL \"for i=1,3000 do redis.call('SET','user:'..i,i) end\" 0")
    monkeypatch.setattr(adapter, "MAX_KEYS", 500)
    part = fingerprint(declared(address=redis.address))["keys"]
    assert part.partial
    assert " of 3000 keys were looked at: a sample" in str(part.note)
    found = (part.items or {})["user:<n>"]
    assert (found["type"], found["ttl"], found["format"]) == ("string", "none", ["number"])
    assert 500 <= found["count"] < 3000


def test_what_is_configured_is_told_without_its_secrets(redis: Running) -> None:
    one = declared(address=redis.address)
    cli = f"redis-cli -p {redis.port}"
    before = fingerprint(one)
    assert (before["settings"].items or {})["maxmemory-policy"] == "noeviction"
    assert str((before["settings"].items or {})["requirepass"]).startswith("hidden:")
    for part, command, key in (
        ("settings", "CONFIG SET maxmemory-policy allkeys-lru", "maxmemory-policy"),
        ("roles", "ACL SETUSER app on '>sesame' '~app:*' +get", "user app"),
        (
            "schema",
            "FUNCTION LOAD \"#!lua name=helper\nredis.register_function('f', function() return 1 end)\"",
            "library helper",
        ),
    ):
        sh(f"{cli} {command}")
        after = fingerprint(one)
        assert {name for name in one.parts if after[name] != before[name]} == {part}
        assert (after[part].items or {})[key] != (before[part].items or {}).get(key)
        before = after
    assert "sesame" not in str(before)
    assert sha256(b"sesame").hexdigest() not in str(before)


def test_a_server_that_refuses_to_tell_its_configuration_says_so(
    redis: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    sh(f"redis-cli -p {redis.port} ACL SETUSER reader on '>read' '~*' +@all -config -acl")
    monkeypatch.setenv("READER", "read")
    found = fingerprint(declared(address=redis.address, user="reader", password=Password(variable="READER")))
    assert found["settings"].items is None
    assert "CONFIG GET *" in str(found["settings"].absent)
    assert "NOPERM" in str(found["settings"].unseen)
    assert found["keys"].items == {}


def test_values_of_few_keys_that_do_not_expire_are_told(redis: Running) -> None:
    cli = f"redis-cli -p {redis.port}"
    sh(f"{cli} SET flag:new_ui off; {cli} SET app:secret sesame; {cli} SETEX session:1 900 x")
    sh(f"{cli} SADD members a b; {cli} HSET options a 1 b 2; {cli} RPUSH order x y")
    sh(f"{cli} EVAL \"for i=1,30 do redis.call('SET','user:'..i,i) end\" 0")
    one = declared(address=redis.address)
    values = items(one, "values")
    assert values["flag:new_ui"] == "off"
    assert values["app:secret"].startswith("hidden:")
    assert set(values) == {"flag:new_ui", "app:secret", "members", "options", "order"}
    assert values["members"].startswith("2 elements, hash ")
    for command, key in (
        ("SET flag:new_ui on", "flag:new_ui"),
        ("HSET options b 3", "options"),
        ("LSET order 0 z", "order"),
    ):
        sh(f"{cli} {command}")
        now = items(one, "values")
        assert {name for name in values if values[name] != now[name]} == {key}
        values = now
    kinds = items(one, "keys")
    assert (kinds["user:<n>"]["count"], kinds["flag:new_ui"]["count"]) == (30, 1)


def test_a_time_of_today_is_when_a_value_was_written_and_no_part_of_it(redis: Running) -> None:
    cli = f"redis-cli -p {redis.port}"
    today = time.strftime("%Y-%m-%d")
    now = int(time.time())
    kept = {"s": now, "ms": f"{now}123", "us": f"{now}123456", "ns": f"{now}123456789", "float": f"{now}.25"}
    for name, value in kept.items():
        sh(f"{cli} SET at:{name} '{{\"at\": {value}}}'")
    sh(f"{cli} SET at:text '{today}T10:11:12.5Z'; {cli} SET at:day {today}; {cli} SET at:old {now - 200_000}")
    sh(f"{cli} SET at:past 2012-04-04T10:11:12Z; {cli} HSET at:hash at {now} n 1; {cli} SET at:count 1333525500")
    for number, value in enumerate((f"{now}.5", f"{now}.125", "1333525500.5"), start=1):
        sh(f"{cli} SET at:long{number} '{'x' * 60} {value}'")
    values = items(declared(address=redis.address), "values")
    assert {values[f"at:{name}"] for name in kept} == {'{"at": <time>}'}
    assert values["at:text"] == "<time>Z"
    long = [values[f"at:long{number}"] for number in (1, 2, 3)]
    assert long[0] == long[1] != long[2], "as long as it is without the time"
    assert values["at:day"] == today, "a day alone may be a setting"
    assert values["at:old"] == str(now - 200_000)
    assert (values["at:past"], values["at:count"]) == ("2012-04-04T10:11:12Z", "1333525500")
    sh(f"{cli} HSET at:hash at {now + 5}")
    assert items(declared(address=redis.address), "values") == values
    sh(f"{cli} HSET at:hash n 2")
    assert items(declared(address=redis.address), "values")["at:hash"] != values["at:hash"]


def test_keys_of_the_load_are_its_own(redis: Running) -> None:
    sh(f"redis-cli -p {redis.port} SET done:k1-7 x")
    one = declared(address=redis.address)
    found = one.fingerprint(lambda text: LocalReplica().ask(text, 60.0), (), SystemClock(), ("k1",))
    assert found["keys"].items == {}


def test_of_a_long_queue_the_elements_that_were_looked_at_are_counted(redis: Running) -> None:
    sh(f"redis-cli -p {redis.port} EVAL \"for i=1,500 do redis.call('RPUSH','jobs',i) end\" 0")
    found = items(declared(address=redis.address, queues=("jobs",)), "queues")
    assert found == {"jobs": {"format": ["number"], "looked": 30, "there": 500, "forms": {"number": 30}}}
