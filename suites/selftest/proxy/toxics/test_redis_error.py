"""redis_error."""

from __future__ import annotations

from typing import Any

import pytest

from suites.selftest.proxy.peers import Through

redis = pytest.importorskip("redis")


@pytest.fixture(params=[2, 3])
def client(request: pytest.FixtureRequest, cache: Through) -> Any:
    return redis.Redis(port=cache.port, protocol=request.param, single_connection_client=True)


def test_matching_commands_fail_and_are_not_carried_out(cache: Through, client: Any) -> None:
    client.set("user:1", "a")
    cache.toxic("redis_error", keys=["user:*"], commands=["get", "SET"], message="MISCONF not yet")
    for command in (["GET", "user:1"], ["SET", "user:1", "b"]):
        with pytest.raises(redis.RedisError, match="not yet"):
            client.execute_command(*command)
    assert client.strlen("user:1") == 1
    assert client.set("other", "x")
    cache.heal("redis_error_upstream")
    assert client.get("user:1") == b"a"


def test_by_default_every_command_fails_and_the_connection_is_made(cache: Through, client: Any) -> None:
    cache.toxic("redis_error")
    with pytest.raises(redis.ResponseError, match="injected fault"):
        client.get("a")
    with pytest.raises(redis.ResponseError, match="injected fault"):
        client.dbsize()


def test_in_a_pipeline_every_answer_stays_in_its_place(cache: Through, client: Any) -> None:
    cache.toxic("redis_error", keys=["bad*"])
    pipe = client.pipeline(transaction=False)
    for number in range(100):
        pipe.set(f"bad{number}" if number % 3 == 0 else f"good{number}", number)
    results = pipe.execute(raise_on_error=False)
    assert [isinstance(result, Exception) for result in results] == [number % 3 == 0 for number in range(100)]
    assert cache.stats()["toxics"]["redis_error_upstream"]["bytes"] > 0


def test_in_a_transaction_the_others_are_carried_out(cache: Through, client: Any) -> None:
    cache.toxic("redis_error", keys=["bad"])
    pipe = client.pipeline(transaction=True)
    pipe.set("good", 1).set("bad", 2).get("good")
    results = pipe.execute(raise_on_error=False)
    assert results[0] is True
    assert isinstance(results[1], redis.ResponseError)
    assert results[2] == b"1"


def test_a_fraction_is_a_fraction(cache: Through, client: Any) -> None:
    cache.toxic("redis_error", fraction=0.25, commands=["INCRBY"])
    pipe = client.pipeline(transaction=False)
    for _ in range(400):
        pipe.incr("n")
    failed = sum(isinstance(result, Exception) for result in pipe.execute(raise_on_error=False))
    assert failed == pytest.approx(100, abs=45)
    assert client.get("n") == str(400 - failed).encode()


def test_publish_and_subscribe_work_through_it(cache: Through, client: Any) -> None:
    cache.toxic("redis_error", keys=["user:*"])
    listener = redis.Redis(port=cache.port).pubsub()
    listener.subscribe("news")
    assert listener.get_message(timeout=5)["type"] == "subscribe"
    assert client.publish("news", "hello") == 1
    assert listener.get_message(timeout=5)["data"] == b"hello"
    listener.close()


def test_a_large_value_passes(cache: Through, client: Any) -> None:
    cache.toxic("redis_error", keys=["none"])
    value = bytes(range(256)) * 20_000
    assert client.set("large", value)
    assert client.get("large") == value
