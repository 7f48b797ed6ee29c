"""What PostgreSQL, Redis and HAProxy answer, read."""

from __future__ import annotations

import pytest

from harness.probes import haproxy, postgres, redis
from harness.probes.kept import Heard

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
STAT = (
    "# pxname,svname,scur,status,weight,lastchg,type,\n"
    "web,FRONTEND,2,OPEN,,,0,\n"
    "backends,backend-1,0,UP,1,23,2,\nbackends,backend-2,3,DRAIN,0,4,2,\nbackends,BACKEND,0,UP,2,23,1,\n\n"
)


def test_info_becomes_figures() -> None:
    assert redis.read(INFO) == {
        "hits": 5, "misses": 270, "evicted": 4, "expired": 3, "memory": 1556880, "memory_limit": 67108864,
        "clients": 12, "blocked": 2, "rejected": 0, "uptime": 19, "keys": 502, "expires": 7, "role": "master",
    }  # fmt: skip
    assert redis.read(INFO, 3)["keys"] == 1
    assert redis.read(INFO, 9)["keys"] == 0  # a database without keys is not named


@pytest.mark.parametrize("text", ["", "ERR unknown command 'INFO'", "\0\1\2", "a:b"])
def test_what_is_not_info_gives_no_figure_and_no_zero(text: str) -> None:
    assert set(redis.read(text).values()) == {None}


def test_words_are_quoted_as_redis_cli_reads_them() -> None:
    assert redis.quoted(["LINDEX", 'a "b" \\', "0"]) == '"LINDEX" "a \\"b\\" \\\\" "0"'


def test_servers_alone_are_named_with_their_state() -> None:
    assert haproxy.read(STAT) == [
        ["backends", "backend-1", "UP", 1, 0, 23],
        ["backends", "backend-2", "DRAIN", 0, 3, 4],
    ]
    assert haproxy.read("Unknown command: show stats") == []


def test_the_runtime_api_is_reached_with_what_the_image_has() -> None:
    assert "nc -U /run/haproxy.sock" in haproxy.connected("/run/haproxy.sock")
    assert "curl" not in haproxy.connected("/run/haproxy.sock")
    assert "telnet://127.0.0.1:9999" in haproxy.connected("127.0.0.1:9999")


def test_an_answer_of_postgresql_is_its_fields_and_anything_else_its_words() -> None:
    found, error = postgres.read(Heard('{"connections": {"idle": 5}, "waiting": 0, "schema": "ab"}'))
    assert (found["connections"], found["waiting"], found["lag"], found["schema"], error) == (
        {"idle": 5},
        0,
        None,
        "ab",
        None,
    )
    for text in ("", "[]", "what?"):
        found, error = postgres.read(Heard(text))
        assert set(found.values()) == {None}
        assert error is not None
        assert "not an answer" in error
    assert postgres.read(Heard(None, "no such role"))[1] == "no such role"
