"""Faults of caches on a real Redis with a replica: what a client sees while they are on, and when they are healed."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import FaultUnproven, UsageError
from suites.selftest.faults.servers import Servers

pytestmark = [pytest.mark.containers, pytest.mark.xdist_group("faults of caches")]

FOLLOWS = """
import time
c, until = cache('follower'), time.monotonic() + 20
while c.get('plan:1') != b'{}' and time.monotonic() < until:
    time.sleep(0.1)
say(c.get('plan:1'))
"""


@pytest.fixture(autouse=True)
def _empty(servers: Servers) -> None:
    """Each test begins with one key, and a job in the queue."""
    servers.peer("c = cache(); c.flushdb(); c.set('plan:1', 'old'); c.lpush('jobs', 'job'); say(1)")


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("cache.cold", {}),
        ("cache.stale", {}),
        ("cache.other-version", {"mark": "before"}),
        ("cache.immortal", {}),
        ("cache.evicting", {}),
        ("cache.lost-invalidation", {}),
        ("cache.torn", {}),
        ("cache.frozen", {}),
        ("cache.lagging", {}),
        ("cache.failover", {}),
    ],
)
def test_without_a_client_nothing_is_proven(servers: Servers, name: str, parameters: dict[str, Any]) -> None:
    servers.faults.mark("before")
    with pytest.raises(FaultUnproven) as caught, servers.fault(name, **parameters):
        pass
    assert "is not gone" not in caught.value.what, caught.value


def test_a_cold_cache_has_no_key_but_its_queues(servers: Servers) -> None:
    with servers.fault("cache.cold") as on:
        assert servers.peer("c = cache(); say([c.get('plan:1'), c.llen('jobs')])") == [None, 1]
        assert on.bites().figures["cache-1"] == {"lost": 1, "missed": 1}
    assert on.proven


def test_stale_keys_are_as_they_were_at_the_mark_and_put_right_afterwards(servers: Servers) -> None:
    servers.faults.mark("before")
    servers.peer("c = cache(); c.set('plan:1', 'new'); c.set('plan:2', 'made since'); c.lpush('jobs', 'more'); say(1)")
    with servers.faults.cache.stale() as on:
        seen = servers.peer("c = cache(); say([c.get('plan:1'), c.get('plan:2'), c.llen('jobs')])")
        assert seen == ["old", None, 2]
        assert on.bites().figures["cache-1"] == {"put": 2, "still": 2, "reads": 2}  # a queue is looked up, too
    assert on.proven
    assert servers.peer("c = cache(); say([c.get('plan:1'), c.get('plan:2')])") == ["new", "made since"]


def test_what_the_application_made_anew_under_a_stale_cache_stays(servers: Servers) -> None:
    servers.faults.mark("before")
    servers.peer("c = cache(); c.set('plan:1', 'new'); say(1)")
    with servers.faults.cache.stale(keys=("plan:*",)) as on:
        servers.peer("c = cache(); c.get('plan:1'); c.set('plan:1', 'newest'); say(1)")
        on.bites()
    assert servers.peer("say(cache().get('plan:1'))") == "newest"


def test_a_key_that_was_written_again_with_the_very_same_value_stays(servers: Servers) -> None:
    servers.faults.mark("before")
    servers.peer("cache().set('plan:1', 'new'); say(1)")
    with servers.faults.cache.stale() as on:
        servers.peer("c = cache(); c.get('plan:1'); c.set('plan:1', 'old'); say(1)")  # as a rollback does
        on.bites()
    assert on.proven
    assert servers.peer("c = cache(); say([c.get('plan:1'), c.ttl('plan:1')])") == ["old", -1]


def test_a_time_to_live_comes_back_with_a_stale_key(servers: Servers) -> None:
    servers.peer("cache().set('plan:1', 'old', ex=1000); say(1)")
    servers.faults.mark("before")
    servers.peer("cache().set('plan:1', 'new'); say(1)")
    with servers.faults.cache.stale():
        seen = servers.peer("c = cache(); say([c.get('plan:1'), 900 < c.ttl('plan:1') <= 1000])")
        assert seen == ["old", True]
    assert servers.peer("c = cache(); say([c.get('plan:1'), c.ttl('plan:1')])") == ["new", -1]


def test_a_mark_that_was_not_taken_is_refused_with_how_to_take_one(servers: Servers) -> None:
    with pytest.raises(UsageError, match="There is no such mark") as caught, servers.faults.cache.stale(mark="never"):
        pass
    assert "harness fault mark" in str(caught.value.hint)


def test_entries_of_another_version_come_back_where_a_key_is_there_still(servers: Servers) -> None:
    servers.peer("c = cache(); c.set('plan:1', 'form of 2'); c.set('gone', 'form of 2'); say(1)")
    servers.faults.mark("deployed")
    servers.peer("c = cache(); c.set('plan:1', 'form of 1'); c.delete('gone'); c.set('own', '1'); say(1)")
    with servers.faults.cache.other_version() as on:
        seen = servers.peer("c = cache(); say([c.get('plan:1'), c.get('gone'), c.get('own')])")
        assert seen == ["form of 2", None, "1"]
        on.bites()
    assert servers.peer("say(cache().get('plan:1'))") == "form of 1"


def test_an_immortal_entry_outlives_its_time_and_goes_when_that_is_back(servers: Servers) -> None:
    servers.peer("c = cache(); c.set('plan:1', 'x', ex=1); c.set('plan:2', 'x', ex=1000); say(1)")
    with servers.fault("cache.immortal") as on:
        seen = servers.peer("import time; time.sleep(1.5); c = cache(); say([c.get('plan:1'), c.ttl('plan:2')])")
        assert seen == ["x", -1]
        on.bites()
    assert on.proven
    seen = servers.peer("c = cache(); say([c.get('plan:1'), 900 < c.ttl('plan:2') <= 1000])")
    assert seen == [None, True]


def test_a_cache_without_memory_refuses_or_evicts_as_its_policy_says(servers: Servers) -> None:
    fill = "c = cache(); say(caught(lambda: [c.set(f'fill:{n}', 'x' * 10000) for n in range(20)][-1]))"
    with servers.fault("cache.evicting", policy="noeviction") as on:
        assert "OOM command not allowed" in servers.peer(fill)
        assert on.bites().figures["cache-1"]["refused"] == 1
    with servers.fault("cache.evicting", policy="allkeys-random", share=0.99) as on:
        servers.peer(fill)
        on.bites()
    limit = "c = cache(); say([c.config_get('maxmemory')['maxmemory'], c.config_get()['maxmemory-policy']])"
    assert servers.peer(limit) == ["67108864", "noeviction"]


def test_a_lost_invalidation_is_acknowledged_and_leaves_the_key(servers: Servers) -> None:
    with servers.fault("cache.lost-invalidation", keys=["plan:*"]) as on:
        seen = servers.peer("c = cache(); c.set('own', '1'); say([c.delete('plan:1'), c.get('plan:1'), c.get('own')])")
        assert seen == [1, "old", "1"]
        on.bites()
    assert on.proven
    assert servers.peer("c = cache(); say([c.delete('plan:1'), c.get('plan:1')])") == [1, None]


def test_half_of_an_update_of_several_keys_is_lost(servers: Servers) -> None:
    update = "c = cache(); [c.set(f'part:{n}', '1') for n in range(60)]; say(len(c.keys('part:*')))"
    with servers.fault("cache.torn") as on:
        assert 5 < servers.peer(update) < 55
        on.bites()
    assert servers.peer(update) == 60


def test_a_frozen_consumer_reads_what_was_and_others_what_is(servers: Servers) -> None:
    with servers.fault("cache.frozen", **{"from": "peer"}) as on:
        assert servers.peer("c = cache(); c.set('plan:1', 'new'); say(c.get('plan:1'))") == "old"
        assert servers.environment.replica("cache-1").run("redis-cli get plan:1").stdout == "new\n"
        on.bites()
    assert servers.peer("say(cache().get('plan:1'))") == "new"


def test_a_replica_that_lags_answers_with_what_it_had_and_catches_up(servers: Servers) -> None:
    servers.peer(FOLLOWS.format("old"))
    with servers.fault("cache.lagging") as on:
        servers.peer("cache().set('plan:1', 'new'); say(1)")
        assert servers.peer("say(cache('follower').get('plan:1'))") == "old"
        on.bites()
    assert on.proven
    assert servers.peer(FOLLOWS.format("new")) == "new"


def test_after_a_failover_the_old_primary_refuses_writes_until_it_is_healed(servers: Servers) -> None:
    with servers.fault("cache.failover") as on:
        assert "ReadOnlyError" in servers.peer("say(caught(lambda: cache().set('plan:1', 'new')))")
        assert servers.peer("say(cache('follower').set('plan:2', 'kept'))") is True
        on.bites(within=20)
    assert on.proven
    assert servers.peer("c = cache(); say([c.set('plan:1', 'new'), c.get('plan:2')])") == [True, "kept"]
