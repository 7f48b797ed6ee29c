from __future__ import annotations

import random

import pytest

from harness.errors import UsageError
from harness.faults import _selectors
from harness.faults._base import FaultContext
from harness.faults._links import between
from suites.selftest.faults.made import Made, reference


def pick(selector: _selectors.Selector, seed: int = 1, made: Made | None = None) -> tuple[str, ...]:
    return _selectors.replicas((made or Made(None)).environment, selector, random.Random(seed))


def links(consumers: _selectors.Selector, targets: _selectors.Selector, port: int | None = None) -> list[str]:
    found = between(FaultContext(Made(None).environment, random.Random(1)), consumers, targets, port)
    return [link.name for link in found]


def test_a_name_is_a_replica_and_a_service_all_its_replicas() -> None:
    assert pick("backend-2") == ("backend-2",)
    assert pick("backend") == ("backend-1", "backend-2", "backend-3")
    assert pick("entrypoint") == ("entrypoint",)


def test_a_list_adds_up_each_once() -> None:
    assert pick(("cache", "backend-2", "backend")) == ("cache-1", "backend-2", "backend-1", "backend-3")


def test_one_and_a_minority_are_of_the_fleet() -> None:
    fleet = {"backend-1", "backend-2", "backend-3"}
    for seed in range(20):
        assert set(pick("one", seed)) < fleet
        assert len(pick("one", seed)) == len(pick("minority", seed)) == 1


def test_where_the_stack_names_no_fleet_they_are_of_everybody() -> None:
    everybody = Made(None, reference(probes=False))
    assert {pick("one", seed, everybody)[0] for seed in range(200)} == {replica.name for replica in everybody.replicas}
    assert len(pick("minority", 1, everybody)) == 3  # of seven


def test_all_is_everybody() -> None:
    assert pick("all") == tuple(replica.name for replica in Made(None).replicas)
    assert pick("all of backend") == pick("backend")


def test_a_pick_can_be_of_a_service() -> None:
    assert pick("one of cache") == ("cache-1",)
    assert pick("minority of backend", made=Made(None, reference(5))) != ()
    assert len(pick("minority of backend", made=Made(None, reference(5)))) == 2


def test_the_same_seed_picks_the_same_and_seeds_pick_all() -> None:
    assert [pick("one", seed) for seed in range(20)] == [pick("one", seed) for seed in range(20)]
    assert {pick("one", seed)[0] for seed in range(50)} == {"backend-1", "backend-2", "backend-3"}


@pytest.mark.parametrize("backends", [1, 2])
def test_there_is_no_minority_of_fewer_than_three(backends: int) -> None:
    with pytest.raises(UsageError, match="no minority to pick") as caught:
        pick("minority", made=Made(None, reference(backends)))
    assert caught.value.expected == "three or more, of which fewer than half are a minority"
    assert str(caught.value.got).startswith(f"{backends} replicas: backend-1")


@pytest.mark.parametrize("word", ["backand", "backend-4", "two", "one of backand", "one of backend-1", "", " "])
def test_a_name_that_nobody_has_is_refused_with_those_that_there_are(word: str) -> None:
    with pytest.raises(UsageError, match="No replica or service has this name") as caught:
        pick(word)
    assert caught.value.got == word
    for known in ("backend-3", "cache", "entrypoint", "minority", "one of backend"):
        assert known in str(caught.value.expected)


# -- links -----------------------------------------------------------------------------------------------------------


def test_a_service_is_meant_by_its_own_name_and_by_each_replicas() -> None:
    assert links("lb", "backend") == [f"lb-1:backend{which}:8080" for which in ("", "-1", "-2", "-3")]
    assert links("lb", "backend-2") == ["lb-1:backend-2:8080"]


def test_every_consumer_that_is_meant_has_its_own_link() -> None:
    assert links("backend", "database") == [f"backend-{number}:database:5432" for number in (1, 2, 3)]


def test_nobody_has_a_link_to_itself() -> None:
    assert "database-1" not in {name.split(":")[0] for name in links("all", "database")}
    with pytest.raises(UsageError, match="has no link"):
        links("cache", "cache")


def test_a_link_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="no such link") as caught:
        links("backend-2", "control")
    assert caught.value.got == "backend-2 -> control"
    assert "cache:6379" in str(caught.value.expected)
    with pytest.raises(UsageError, match="no such link") as caught:
        links("backend-2", "cache", 1234)
    assert caught.value.got == "backend-2 -> cache:1234"
    assert caught.value.expected == "backend-2 -> one of cache:6379, cache:26379"


def test_one_of_several_that_were_named_is_enough_to_be_refused() -> None:
    with pytest.raises(UsageError, match="no such link"):
        links("backend-2", ("cache", "control"))


def test_nothing_connects_to_the_entry_point() -> None:
    with pytest.raises(UsageError, match="no such link"):
        links("backend-2", "entrypoint")


def test_from_the_entry_point_there_is_only_the_declared_link() -> None:
    assert links("entrypoint", "lb") == ["entrypoint:lb:80"]
    with pytest.raises(UsageError, match="no such link"):
        links("entrypoint", "cache")
