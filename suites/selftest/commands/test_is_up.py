"""What is said to be up is looked at before it is said; and a network that goes away is no fault of a release."""

from __future__ import annotations

from typing import Any

import pytest

from harness.engine import Container, Engine
from harness.engine.labels import ENVIRONMENT, REPLICA, RUN
from suites.selftest.commands.support import ROUND_TRIP, World, clean, is_running, left_on, variant

pytestmark = pytest.mark.containers


def remove_network(engine: Engine, environment: str) -> None:
    """Remove an environment's network under it, as a clean-up script does that disconnects first."""
    for identity in engine.api.inspect_network(environment)["Containers"]:
        engine.api.disconnect_container_from_network(identity, environment, force=True)
    engine.api.remove_network(environment)


def of(engine: Engine, mark: str) -> dict[str, Container]:
    """The containers of the environment that has a marked replica, by replica."""
    for marked in engine.containers.list([f"selftest={mark}"]):
        found = engine.containers.list([f"{ENVIRONMENT}={marked.labels[ENVIRONMENT]}"])
        return {container.labels[REPLICA]: container for container in found}
    return {}


def test_up_does_not_say_that_it_is_up_when_its_network_is_gone(world: World, engine: Engine) -> None:
    def patient(document: dict[str, Any]) -> None:
        check = {"test": ["CMD", "test", "-e", "/tmp/go"], "interval": "1s", "retries": 60}
        document["services"]["web"]["healthcheck"] = check
        document["services"]["web"]["labels"] = {"selftest": world.mark}

    def running() -> bool:
        found = of(engine, world.mark)
        return all(is_running(found.get(name)) for name in ("web-1", "web-2", "control-1", "door"))

    going = world.start("up", variant(world.directory, patient))
    going.wait_for(running, "its replicas")
    found = of(engine, world.mark)
    environment = found["web-1"].labels[ENVIRONMENT]
    remove_network(engine, environment)
    for name in ("web-1", "web-2"):
        ready = engine.api.exec_create(found[name].id, ["touch", "/tmp/go"])["Id"]
        engine.api.exec_start(ready)
    ended = going.end()
    clean(ended)
    assert ended.code == 3, ended.text
    assert "is up" not in ended.out
    assert f"The environment {environment} has lost its network" in ended.err
    assert not engine.containers.list([f"{ENVIRONMENT}={environment}"])


@pytest.mark.sampled
def test_a_gate_under_which_the_network_is_removed_says_so_and_judges_no_release(world: World, engine: Engine) -> None:
    going = world.gate(variant(world.directory), *ROUND_TRIP, "--baseline", "20")
    going.until("step.start", name="baseline")
    (run,) = world.directories()
    environment = engine.containers.list([f"{RUN}={run.name}"])[0].labels[ENVIRONMENT]
    remove_network(engine, environment)
    ended = going.end()
    clean(ended)
    assert ended.code == 3, ended.text
    assert f"The environment {environment} has lost its network" in ended.text
    assert [event.data for event in world.events() if event.kind == "verdict"] == []
    assert left_on(engine, world) == {}
