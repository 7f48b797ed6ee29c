from __future__ import annotations

import random
from itertools import combinations
from typing import Any

import pytest

from harness import faults
from harness.errors import FaultUnproven, UsageError
from harness.faults import FaultContext
from harness.faults.injection import inject
from suites.selftest.faults.made import Made, arrives, opened, silent

pytestmark = pytest.mark.programs

BOTH = [("bandwidth", "downstream"), ("bandwidth", "upstream")]
UP, DOWN = BOTH[1:], BOTH[:1]


def cut(made: Made, *sides: Any, **shape: Any) -> dict[str, list[tuple[str, str]]]:
    """What a partition puts on which link."""
    fault = faults.find("partition").make(*sides, **shape)
    active = fault.inject(FaultContext(made.environment, random.Random(made.seed)))
    try:
        return made.toxics()
    finally:
        active.heal()


def test_data_are_held_back_in_both_directions_and_none_is_lost(made: Made) -> None:
    with opened(made.connect) as connection, opened(lambda: made.connect("backend-1:cache:6379")) as other:
        with made.faults.partition(["backend-2"], ["cache"]):
            connection.sendall(b"held")
            assert silent(connection)
            other.sendall(b"free")
            arrives(other, b"free")
        arrives(connection, b"held")
    assert made.healed().data["bit"] is True
    assert made.healed().data["gone"] is True


def test_without_traffic_across_the_cut_it_is_unknown(made: Made) -> None:
    with pytest.raises(FaultUnproven, match="did not bite"), made.faults.partition(["backend-2"], ["cache"]):
        made.talk("backend-1:cache:6379")


def test_two_sides_are_cut_on_the_links_of_either(made: Made) -> None:
    assert cut(made, ["backend-1"], ["database"]) == {
        "backend-1:database:5432": BOTH, "database-1:backend-1:8080": BOTH,
    }  # fmt: skip


def test_one_way_holds_back_only_what_the_first_side_sends(made: Made) -> None:
    assert cut(made, "backend-1", "database", one_way=True) == {
        "backend-1:database:5432": UP, "database-1:backend-1:8080": DOWN,
    }  # fmt: skip


def test_the_links_by_a_services_own_name_are_cut_where_all_its_replicas_are_beyond(made: Made) -> None:
    names = {f"lb-1:backend{which}:8080" for which in ("", "-1", "-2", "-3")}
    assert {name for name in cut(made, "lb", "backend") if name.startswith("lb-1:")} == names
    assert set(cut(made, "lb", "backend-1")) == {"lb-1:backend-1:8080", "backend-1:lb:80"}


def test_one_replica_from_the_rest(made: Made) -> None:
    found = cut(made, "cache", "rest")
    assert all("cache" in name for name in found)
    from_cache = {link.name for link in made.links if link.consumer == "cache-1"}
    to_cache = {link.name for link in made.links if link.service == "cache" and link.consumer != "entrypoint"}
    assert set(found) == from_cache | to_cache


def test_a_service_from_all_its_consumers(made: Made) -> None:
    found = cut(made, "all", "database")
    assert {link.name for link in made.links if link.service == "database"} <= set(found)
    assert all("database" in name for name in found)


@pytest.mark.parametrize("seed", range(4))
def test_halves_see_only_their_own_half(made: Made, seed: int) -> None:
    made.seed = seed
    found = cut(made, halves="backend")
    separated = {tuple(sorted((name.split(":")[0], name.split(":")[1]))) for name in found if "backend:" not in name}
    assert len(separated) == 2  # of three backends one is alone
    (alone,) = set.intersection(*map(set, separated))
    assert set(found) >= {
        f"{alone}:{other}:8080" for other in ("backend-1", "backend-2", "backend-3") if other != alone
    }
    assert cut(made, halves="backend") == found


def test_other_seeds_make_other_halves(made: Made) -> None:
    def halves(seed: int) -> tuple[str, ...]:
        made.seed = seed
        return tuple(sorted(cut(made, halves="backend")))

    assert len({halves(seed) for seed in range(12)}) == 3


def test_in_a_ring_each_reaches_its_two_neighbours_only(made: Made) -> None:
    names = [replica.name for replica in made.replicas if replica.service != "control"]
    found = cut(made, ring=[*names])
    apart = {tuple(sorted((name.split(":")[0], made.link(name).service))) for name in found}
    assert apart
    members = {"lb-1": "lb", "database-1": "database", "cache-1": "cache"}
    reach = {name: set(names) - {name} for name in names}
    for one, other in combinations(names, 2):
        link = next(
            (link for link in made.links if link.consumer == one and link.target in (other, members.get(other))), None
        )
        if link is not None and link.name in found:
            reach[one].discard(other)
            reach[other].discard(one)
    assert all(len(left) == 2 for left in reach.values())


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "two sides, or `halves`, or `ring`"),
        ({"from": "backend"}, "two sides"),
        ({"from": "backend", "to": "cache", "ring": "all"}, "two sides"),
        ({"halves": "all", "one_way": True}, "for one way to be cut"),
        ({"from": [], "to": "cache"}, "at least 1"),
    ],
    ids=["nothing", "one side", "two shapes", "halves one way", "nobody"],
)
def test_what_is_no_shape_is_refused(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match="partition cannot be made") as caught:
        faults.from_data({"fault": "partition", **parameters})
    assert words in str(caught.value.expected)


def test_too_few_for_a_shape_are_refused(made: Made) -> None:
    with pytest.raises(UsageError, match="too few replicas for a ring") as caught:
        cut(made, ring="backend")
    assert set(str(caught.value.got).split(", ")) == {"backend-1", "backend-2", "backend-3"}
    assert caught.value.expected == "4 or more"
    with pytest.raises(UsageError, match="too few replicas for halves"):
        cut(made, halves="cache")


def test_a_cut_that_meets_no_link_is_refused(made: Made) -> None:
    with pytest.raises(UsageError, match="cuts no link") as caught:
        cut(made, "control", "control")
    assert caught.value.got == "partition between control and control"


def test_the_title_says_who_is_apart() -> None:
    def title(**step: Any) -> str:
        return faults.from_data({"fault": "partition", **step}).title()

    assert title(**{"from": ["backend-1", "lb"], "to": "rest"}) == "partition between backend-1 and lb and rest"
    assert title(**{"from": "backend-1", "to": "cache", "one_way": True}) == "partition from backend-1 to cache"
    assert title(halves="all") == "partition of all into halves"
    assert title(ring="all") == "partition of all into a ring"


def test_it_works_with_another_make_of_proxy(stock: Made) -> None:
    with opened(stock.connect) as connection:
        with inject(stock.environment, faults.find("partition").make("backend-2", "cache")) as on:
            connection.sendall(b"held")
            assert silent(connection)
            assert on.bites(within=10).figures["backend-2 -> cache:6379"]["upstream"] == 4
        arrives(connection, b"held")
