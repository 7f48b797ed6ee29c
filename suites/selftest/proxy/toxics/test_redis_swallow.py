"""redis_swallow."""

from __future__ import annotations

from typing import Any

import pytest

from suites.selftest.proxy.peers import Through

redis = pytest.importorskip("redis")


@pytest.fixture(params=[2, 3])
def client(request: pytest.FixtureRequest, cache: Through) -> Any:
    return redis.Redis(port=cache.port, protocol=request.param, single_connection_client=True)


def test_writes_are_acknowledged_and_lost(cache: Through, client: Any) -> None:
    client.set("user:1", "old")
    cache.toxic("redis_swallow", keys=["user:*"])
    assert client.set("user:1", "new") is True
    assert client.execute_command("SETEX", "user:2", 10, "new") in (True, b"OK")
    assert client.delete("user:1") == 1
    assert client.expire("user:1", 1) is True
    assert client.hset("user:3", mapping={"a": 1, "b": 2}) == 2
    assert client.get("user:1") == b"old"
    assert client.ttl("user:1") == -1
    assert client.exists("user:2", "user:3") == 0
    assert client.set("other", "x")
    assert client.get("other") == b"x"


def test_invalidations_do_not_arrive(cache: Through, client: Any) -> None:
    cache.toxic("redis_swallow", keys=["invalidate"], commands=["publish"])
    listener = redis.Redis(port=cache.port).pubsub()
    listener.subscribe("invalidate", "other")
    assert [listener.get_message(timeout=5)["type"] for _ in range(2)] == ["subscribe"] * 2
    assert client.publish("invalidate", "x") == 1
    assert client.publish("other", "y") == 1
    assert listener.get_message(timeout=5)["channel"] == b"other"
    listener.close()


def test_a_transaction_says_that_it_was_done(cache: Through, client: Any) -> None:
    cache.toxic("redis_swallow", keys=["lost"])
    pipe = client.pipeline(transaction=True)
    pipe.set("lost", 1).set("kept", 2).delete("lost")
    assert pipe.execute() == [True, True, 1]
    assert client.mget("lost", "kept") == [None, b"2"]


def test_a_command_that_cannot_be_acknowledged_is_refused(cache: Through) -> None:
    assert "INCR" in cache.toxic("redis_swallow", commands=["INCR"], expect=400)["error"]


def test_connections_that_were_open_are_meant_as_well(cache: Through, client: Any) -> None:
    client.set("user:1", "old")
    cache.toxic("redis_swallow")
    client.set("user:1", "new")
    assert client.get("user:1") == b"old"
    cache.heal("redis_swallow_upstream")
    client.set("user:1", "new")
    assert client.get("user:1") == b"new"
