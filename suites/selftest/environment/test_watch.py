"""What the engine tells of a container is recorded, and whether it was meant."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.engine import Container, ContainerEvent, Engine
from harness.environment.watch import Watch
from harness.history import History
from suites.raw import select


class Silent:
    """An engine that tells nothing."""

    def events(self, **_: object) -> Any:
        return iter(())

    def ping(self) -> None:
        """It is there."""


@pytest.fixture
def watch() -> Watch:
    engine: Any = Silent()
    engine.api = engine
    replica: Any = SimpleNamespace(changed=SimpleNamespace(set=lambda: None), runs=1)
    return Watch(cast(Engine, engine), "h1", History(), {"web-1": replica})


def told(watch: Watch, container: str, *actions: str) -> list[tuple[str, bool]]:
    """What is recorded of a container's events, and whether each was meant."""
    for action in actions:
        watch._on_event(ContainerEvent("h1-web-1", "web-1", action, None, 0.0, container))
    found = select(watch._history.events, "container")
    return [(event.data["action"], event.data.get("replaced") is True) for event in found]


def test_the_end_of_a_container_that_a_deployer_ends_is_marked(watch: Watch) -> None:
    watch.expect_end(cast(Container, SimpleNamespace(id="old")))
    assert told(watch, "old", "kill", "die", "stop") == [("kill", True), ("die", True), ("stop", True)]


def test_the_end_of_another_container_of_the_same_replica_is_not(watch: Watch) -> None:
    watch.expect_end(cast(Container, SimpleNamespace(id="old")))
    assert told(watch, "new", "die") == [("die", False)]


def test_one_that_runs_out_of_memory_while_it_is_ended_has_run_out_of_memory(watch: Watch) -> None:
    watch.expect_end(cast(Container, SimpleNamespace(id="old")))
    assert told(watch, "old", "oom") == [("oom", False)]


@pytest.mark.parametrize(("action", "runs"), [("start", 2), ("unpause", 2), ("die", 1), ("pause", 1)])
def test_a_replica_that_began_to_run_or_ran_on_is_asked_again_at_once(watch: Watch, action: str, runs: int) -> None:
    told(watch, "one", action)
    assert watch._replicas["web-1"].runs == runs
