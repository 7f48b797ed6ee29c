"""Environments that are up, found again by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.engine import Engine
from harness.engine.labels import ENVIRONMENT, REPLICA, RUN, TEST
from harness.engine.leases import LeaseRecord
from harness.environment.found import environments, pick, replica
from harness.errors import UsageError


@dataclass
class FakeContainer:
    name: str
    labels: dict[str, str] = field(default_factory=dict)


def container(environment: str, name: str, **labels: str) -> FakeContainer:
    return FakeContainer(
        f"{environment}-{name}", {ENVIRONMENT: environment, REPLICA: name, RUN: "r1", TEST: "t", **labels}
    )


def lease(environment: str, *, kept: bool = False, expires: float = 2e9) -> LeaseRecord:
    return LeaseRecord("v", environment, "r1", "main", "t", None if kept else expires, "", kept)


def engine(*containers: FakeContainer, leases: tuple[LeaseRecord, ...] = ()) -> Engine:
    made: Any = SimpleNamespace(
        leases=SimpleNamespace(now=lambda: 1e9, list=lambda: leases),
        containers=SimpleNamespace(list=lambda _labels: containers),
        describe=lambda: "Docker 20.10",
    )
    return cast(Engine, made)


TWO = (container("h2", "web-1"), container("h1", "web-2"), container("h1", "web-1"), container("h1", "door"))


def test_containers_are_grouped_by_environment_in_the_order_of_their_names() -> None:
    found = environments(engine(*TWO))
    assert [(one.id, list(one.containers)) for one in found] == [("h1", ["door", "web-1", "web-2"]), ("h2", ["web-1"])]
    assert (found[0].run, found[0].test) == ("r1", "t")


def test_a_lease_that_was_kept_one_that_is_held_and_none_are_told_apart() -> None:
    three = (container("h1", "a-1"), container("h2", "a-1"), container("h3", "a-1"))
    found = environments(engine(*three, leases=(lease("h1", kept=True), lease("h2"), lease("h3", expires=1.0))))
    assert [one.lease for one in found] == ["kept", "held", "dead"]


def test_the_only_environment_needs_no_name() -> None:
    assert pick(engine(container("h1", "web-1")), None).id == "h1"


def test_one_of_several_is_picked_by_its_name() -> None:
    assert pick(engine(*TWO), "h2").id == "h2"


def test_none_at_all_says_on_which_engine_and_what_to_do() -> None:
    with pytest.raises(UsageError) as caught:
        pick(engine(), None)
    assert str(caught.value).splitlines() == [
        "No environment is up", "  where:    Docker 20.10", "  do:       `harness up STACK` brings one up",
    ]  # fmt: skip


def test_several_and_no_name_lists_them() -> None:
    with pytest.raises(UsageError, match="Several environments are up") as caught:
        pick(engine(*TWO), None)
    assert caught.value.expected == "one of h1, h2"
    assert caught.value.hint == "name it with -e"


def test_a_name_that_there_is_not_lists_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="No such environment is up") as caught:
        pick(engine(*TWO), "h9")
    assert (caught.value.got, caught.value.expected) == ("h9", "h1, h2")


def test_a_replica_is_found_by_its_name() -> None:
    assert replica(pick(engine(*TWO), "h1"), "web-2").name == "h1-web-2"


def test_a_services_only_replica_may_be_named_by_the_service() -> None:
    assert replica(pick(engine(*TWO), "h2"), "web").name == "h2-web-1"


@pytest.mark.parametrize("name", ["web", "web-3", "cache"])
def test_a_name_that_fits_none_or_several_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(UsageError, match="No such replica") as caught:
        replica(pick(engine(*TWO), "h1"), name)
    assert (caught.value.where, caught.value.got) == ("environment h1", name)
    assert caught.value.expected == "door, web-1, web-2"
