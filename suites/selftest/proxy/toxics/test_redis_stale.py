"""redis_stale."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import Through, free_port

redis = pytest.importorskip("redis")


@pytest.fixture(params=[2, 3])
def client(request: pytest.FixtureRequest, cache: Through) -> Any:
    return redis.Redis(port=cache.port, protocol=request.param, single_connection_client=True)


def test_reads_are_answered_as_at_the_mark(cache: Through, client: Any) -> None:
    client.set("release:1", "4.1.0")
    client.hset("release:h", mapping={"a": "1", "b": "2"})
    client.rpush("release:list", "x")
    cache.toxic("redis_stale", keys=["release:*"])
    client.set("release:1", "4.1.1")
    client.set("release:2", "4.1.1")
    client.hset("release:h", mapping={"a": "9", "c": "3"})
    client.rpush("release:list", "y")
    client.set("other", "now")
    assert client.get("release:1") == b"4.1.0"
    assert client.get("release:2") is None
    assert client.mget("release:1", "release:2") == [b"4.1.0", None]
    assert client.strlen("release:1") == 5
    assert client.exists("release:1", "release:2", "release:h") == 2
    assert client.hget("release:h", "a") == b"1"
    assert client.hget("release:h", "c") is None
    assert client.hmget("release:h", "a", "c") == [b"1", None]
    assert client.hgetall("release:h") == {b"a": b"1", b"b": b"2"}
    assert client.hlen("release:h") == 2
    assert client.lrange("release:list", 0, -1) == [b"x", b"y"]
    assert client.get("other") == b"now"
    cache.heal("redis_stale_upstream")
    assert client.get("release:1") == b"4.1.1"
    assert client.hgetall("release:h")[b"a"] == b"9"


def test_a_transaction_reads_the_past(cache: Through, client: Any) -> None:
    client.set("a", "old")
    cache.toxic("redis_stale")
    pipe = client.pipeline(transaction=True)
    pipe.set("a", "new").get("a")
    assert pipe.execute() == [True, b"old"]


@pytest.mark.parametrize(
    "wrong", [["GET"], ["GET", "a", "b"], ["MGET"], ["EXISTS"], ["HGET", "a"], ["HGETALL", "a", "b"]]
)
def test_a_command_of_too_few_words_or_too_many_is_refused_by_the_redis(
    cache: Through, client: Any, wrong: list[str]
) -> None:
    cache.toxic("redis_stale")
    with pytest.raises(redis.ResponseError, match="wrong number of arguments"):
        client.execute_command(*wrong)
    assert client.ping()


def test_another_database_is_not_meant(cache: Through) -> None:
    other = redis.Redis(port=cache.port, db=3)
    other.set("a", "old")
    cache.toxic("redis_stale")
    other.set("a", "new")
    fresh = redis.Redis(port=cache.port, db=3)
    assert fresh.get("a") == b"new"


def test_a_connection_that_is_reset_is_back_in_the_first_database(cache: Through) -> None:
    other = redis.Redis(port=cache.port, db=3, single_connection_client=True)
    fresh = redis.Redis(port=cache.port)
    fresh.set("a", "old")
    cache.toxic("redis_stale")
    fresh.set("a", "new")
    again = redis.Redis(port=cache.port, db=3, single_connection_client=True)
    assert again.get("a") is None
    again.execute_command("RESET")
    assert again.get("a") == b"old"
    other.close()


def test_thousands_of_keys_and_binary_values_are_remembered(cache: Through, client: Any) -> None:
    values = {f"k{number}": bytes([number % 256, 13, 10, 0]) for number in range(3000)}
    client.mset(values)
    cache.toxic("redis_stale")
    client.flushall()
    assert client.mget(list(values)) == list(values.values())


def test_while_the_mark_is_taken_the_api_does_other_things(ours: Any, through: Make) -> None:
    reached, release = threading.Event(), threading.Event()

    def never_answers(opened: socket.socket) -> None:
        reached.set()
        release.wait(60)

    made = through(never_answers)
    with ThreadPoolExecutor(1) as pool:
        refused = pool.submit(made.toxic, "redis_stale", expect=500)
        try:
            assert reached.wait(10)
            assert ours("PATCH", f"/proxies/{made.name}", {"upstream": "127.0.0.1:9"}).status == 200
            ours.toxic(made.name, "noop")
            assert not refused.done()
        finally:
            release.set()
        assert refused.result(30)["error"].startswith("redis_stale: ")
    assert [toxic["name"] for toxic in ours("GET", f"/proxies/{made.name}/toxics").json] == ["noop_downstream"]


def test_what_is_no_redis_cannot_be_marked(ours: Any, through: Make) -> None:
    made = through(lambda opened: opened.sendall(b"220 mail\r\n"))
    assert "does not answer as a Redis" in made.toxic("redis_stale", expect=500)["error"]
    body = {"name": "gone", "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{free_port()}"}
    assert ours("POST", "/proxies", body).status == 201
    assert "redis_stale" in ours.toxic("gone", "redis_stale", expect=500)["error"]
    assert ours("GET", "/proxies/gone/toxics").json == []
