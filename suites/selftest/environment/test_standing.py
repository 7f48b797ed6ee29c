"""What is said of an environment that somebody takes for being up."""

from __future__ import annotations

from typing import Any, cast

import pytest

from harness.engine import Container, Engine
from harness.engine.labels import REPLICA
from harness.environment.standing import check_networks, check_whole, what_is_left
from harness.errors import DoorGone, EngineError, EngineGone, NetworkError, NotReady

NETWORKS = {"h1": "n1", "h1-door": "n2"}
REPLICAS = ("web-1", "web-2")


class FakeContainer:
    """Answers as the engine does; `status` None is one that is removed, an error one that cannot be asked."""

    def __init__(self, name: str, status: str | EngineError | None = "running", code: int = 0, *on: str) -> None:
        self.name, self.labels, self._status, self._code = f"h1-{name}", {REPLICA: name}, status, code
        self._on = on or ("h1",)

    def inspect(self) -> dict[str, Any]:
        if self._status is None:
            raise EngineError("no such container", got="404")
        if isinstance(self._status, EngineError):
            raise self._status
        return {
            "State": {"Status": self._status, "ExitCode": self._code},
            "NetworkSettings": {"Networks": {name: {"NetworkID": NETWORKS.get(name, name)} for name in self._on}},
        }


class FakeEngine:
    def __init__(self, *containers: FakeContainer) -> None:
        self.containers = self
        self._there = (FakeContainer("door", "running", 0, "h1", "h1-door"), *containers)

    def list(self, _labels: list[str]) -> tuple[FakeContainer, ...]:
        return self._there


def engine(*containers: FakeContainer) -> Engine:
    return cast(Engine, FakeEngine(*containers))


WEB_1, WEB_2 = FakeContainer("web-1"), FakeContainer("web-2")


def test_a_whole_environment_passes() -> None:
    check_whole(engine(WEB_1, WEB_2), "h1", REPLICAS, NETWORKS)
    assert what_is_left(engine(WEB_1, WEB_2), "h1", REPLICAS, ready=True) == "is up"


def test_a_replica_that_has_done_its_work_is_no_loss() -> None:
    check_whole(engine(WEB_1, FakeContainer("web-2", "exited", 0)), "h1", REPLICAS, NETWORKS)


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ([FakeContainer("web-2", "exited", 137)], "web-2: ended with exit code 137"),
        ([FakeContainer("web-2", "paused")], "web-2: paused"),
        ([FakeContainer("web-2", None)], "web-2: gone"),
        ([], "web-2: gone"),
    ],
    ids=["killed", "paused", "removed meanwhile", "removed"],
)
def test_a_replica_that_vanished_is_named(second: list[FakeContainer], told: str) -> None:
    with pytest.raises(NotReady, match="is no longer complete") as caught:
        check_whole(engine(WEB_1, *second), "h1", REPLICAS, NETWORKS)
    assert (caught.value.where, caught.value.got) == ("web-2", told)


def test_a_replica_outside_of_the_networks_is_named() -> None:
    with pytest.raises(NetworkError) as caught:
        check_whole(engine(WEB_1, FakeContainer("web-2", "running", 0, "other")), "h1", REPLICAS, NETWORKS)
    assert caught.value.got == "web-2: in none of the environment's networks"


def door(*on: str, status: str | EngineError | None = "running") -> Container:
    return cast(Container, FakeContainer("door", status, 0, *on))


def test_a_door_that_lost_a_network_names_it() -> None:
    check_networks("h1", door(*NETWORKS), NETWORKS)
    with pytest.raises(NetworkError, match="h1 has lost its network") as caught:
        check_networks("h1", door("h1-door"), NETWORKS)
    assert caught.value.where == "h1"


def test_a_network_of_the_same_name_is_another_one() -> None:
    with pytest.raises(NetworkError):
        check_networks("h1", door(*NETWORKS), {**NETWORKS, "h1": "n9"})


def test_a_door_that_is_removed_is_told_from_an_engine_that_is_gone() -> None:
    with pytest.raises(DoorGone):
        check_networks("h1", door(status=None), NETWORKS)
    with pytest.raises(EngineGone):
        check_networks("h1", door(status=EngineGone("no answer")), NETWORKS)


def test_what_is_left_names_every_container_with_its_state() -> None:
    left = engine(WEB_1, FakeContainer("web-2", "created"))
    told = "web-1, door: running; web-2: created and was never started"
    assert what_is_left(left, "h1", REPLICAS, ready=True) == f"is kept, and not whole ({told})"
    assert what_is_left(left, "h1", REPLICAS, ready=False) == f"is kept, and was never ready ({told})"


def test_an_engine_that_is_gone_is_said_too() -> None:
    told = what_is_left(engine(FakeContainer("web-1", EngineGone("no answer"))), "h1", REPLICAS, ready=True)
    assert told == "is kept, and the engine cannot say what runs of it (no answer)"
