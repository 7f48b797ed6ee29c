"""redis-py cannot tell the proxy from the Redis, not even with toxics on it that read every request."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from suites.selftest.proxy.peers import Through, eventually

redis = pytest.importorskip("redis")


@pytest.fixture
def read(cache: Through) -> Through:
    """A proxy whose toxics read what is asked and mean none of it."""
    for type_ in ("redis_error", "redis_swallow", "redis_stale"):
        cache.toxic(type_, keys=["nothing"])
    cache.toxic("noop")
    return cache


def session(port: int, protocol: int) -> list[Any]:
    """What a Redis says to a bit of everything, from an empty state."""
    client = redis.Redis(port=port, protocol=protocol, single_connection_client=True, socket_timeout=10)
    client.flushall()
    said: list[Any] = [client.set("a", "1"), client.get("a"), client.get("none"), client.set("b", bytes(1 << 20))]
    said += [client.hset("h", mapping={"x": 1, "y": 2}), client.hgetall("h"), client.zadd("z", {"m": 1.5})]
    said += [client.zrange("z", 0, -1, withscores=True), client.rpush("l", 1, 2), client.blpop(["l"], 1)]
    plain = client.pipeline(transaction=False)
    for number in range(2000):
        plain.incr("n").lpush("queue", "x" * number)
    said += plain.lrange("a", 0, 1).execute(raise_on_error=False)
    with client.pipeline() as pipe:
        pipe.watch("a")
        said.append(pipe.get("a"))
        pipe.multi()
        said += pipe.set("a", 2).incr("a").hgetall("h").execute()
    said += [client.eval("return {KEYS[1], ARGV[1], 3}", 1, "k", "v"), client.ping(), client.echo("x")]
    said += [str(error) for error in client.pipeline().incr("h").get("a").execute(raise_on_error=False)]
    client.close()
    return [str(item) if isinstance(item, Exception) else item for item in said]


@pytest.mark.parametrize("protocol", [2, 3])
def test_every_answer_is_the_same(read: Through, redis_port: int, protocol: int) -> None:
    said = session(read.port, protocol)
    assert len(said) > 4000
    assert said == session(redis_port, protocol)
    shown = read.stats()["toxics"]
    assert shown["noop_downstream"]["bytes"] > 1 << 10
    assert [shown[f"{type_}_upstream"]["bytes"] for type_ in ("redis_error", "redis_swallow", "redis_stale")] == [0] * 3


@pytest.mark.parametrize("protocol", [2, 3])
def test_messages_arrive_all_and_in_order(read: Through, protocol: int) -> None:
    client = redis.Redis(port=read.port, protocol=protocol)
    listener = client.pubsub(ignore_subscribe_messages=True)
    listener.subscribe("news")
    listener.psubscribe("other:*")
    eventually(lambda: client.pubsub_numsub("news")[0][1] == 1 and client.pubsub_numpat() == 1)

    def publish() -> None:
        for number in range(500):
            client.publish("news" if number % 2 else "other:1", number)

    publisher = threading.Thread(target=publish)
    publisher.start()
    heard: list[int] = []
    silences = 0
    while len(heard) < 500 and silences < 5:  # of which two are the answers to the subscriptions
        if message := listener.get_message(timeout=5):
            heard.append(int(message["data"]))
        else:
            silences += 1
    publisher.join()
    assert heard == list(range(500))
    listener.close()
    client.close()
