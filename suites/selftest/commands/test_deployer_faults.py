"""A deployer that fails, hangs, dies or floods: the right verdict in words, and the way back is tried and judged
all the same. One that lies or does half is in plan/test_gate_tiny.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.engine import Engine
from harness.history import Event
from suites.raw import select
from suites.selftest.commands.support import (
    Ended,
    World,
    clean,
    deployer,
    eventually,
    left_on,
    outcomes,
    reasons,
    variant,
)

pytestmark = [pytest.mark.containers, pytest.mark.sampled]
BACK = ["sh", "-c", "for at in web-1 web-2 registry; do printf {release} > /srv/$$at; done"]  # at once
AT_ONCE = BACK[2]


def gated(world: World, engine: Engine, stack: Path, **extra: str) -> tuple[Ended, tuple[Event, ...]]:
    """Gate it, see that nothing is left, and give what the history has."""
    ended = world.there_and_back(stack, **extra).end(120)
    clean(ended)
    assert left_on(engine, world) == {}
    assert eventually(lambda: not world.processes()), world.processes()
    return ended, world.events()


def rolled_back(events: tuple[Event, ...]) -> bool:
    """A rollback was run to an end, and judged."""
    return bool(select(events, "deployer.end", verb="rollback")) and ("rolled-back", "release") in outcomes(events)


def evidence(world: World) -> list[str]:
    (run,) = world.directories()
    return sorted(path.name for path in (run / "evidence").rglob("*") if path.is_file())


def test_a_deployer_that_fails_fails_the_gate_and_is_rolled_back(world: World, engine: Engine) -> None:
    ended, events = gated(world, engine, variant(world.directory), TINY_DEPLOYER="fails")
    assert ended.code == 1
    assert "ended with exit code 7" in reasons(events, "deployed")
    assert "no such artefact" in ended.err
    assert rolled_back(events)
    assert outcomes(events)["rolled-back", "release"] == "pass"
    assert {"web-1.log", "web-1.state.json", "web-1_var_log_web.log"} <= set(evidence(world))


def test_a_command_that_does_not_exist_is_unknown_and_named(world: World, engine: Engine) -> None:
    stack = variant(world.directory, deployer(["deployctl", "deploy"], BACK))
    ended, events = gated(world, engine, stack)
    assert ended.code == 1  # nothing was deployed, which the release check sees for itself
    assert "could not be started" in reasons(events, "deployed")
    assert "deployctl" in ended.text
    assert rolled_back(events)


def test_a_command_that_does_not_exist_on_this_machine_is_named(world: World, engine: Engine) -> None:
    stack = variant(world.directory, deployer(["no-such-deployctl"], ["true"], place="this machine"))
    ended, events = gated(world, engine, stack)
    assert ended.code == 1
    assert "could not be started" in reasons(events, "deployed")
    assert "no-such-deployctl" in ended.text


def test_a_deployers_service_that_dies_under_it_is_told_and_the_rollback_tried(world: World, engine: Engine) -> None:
    stack = variant(world.directory, deployer(["sh", "-c", "echo dying; kill -9 -1; kill 1; sleep 60"], BACK))
    ended, events = gated(world, engine, stack)
    assert ended.code == 1
    assert select(events, "deployer.start", verb="rollback")
    assert "control" in reasons(events, "deployed")


def test_a_flood_of_binary_output_is_cut_and_the_verdict_is_about_the_release(world: World, engine: Engine) -> None:
    flood = "head -c 100000000 /dev/urandom; yes | head -n 2000000; echo the last line; "
    stack = variant(world.directory, deployer(["sh", "-c", flood + AT_ONCE], BACK, timeout="60s"))
    _, events = gated(world, engine, stack)
    assert [outcomes(events)["deployed", check] for check in ("deployer", "release")] == ["pass", "pass"]
    lines = [e.data["text"] for e in events if e.kind == "deployer.line"]
    assert any("leaves out" in line for line in lines)
    assert "the last line" in lines
    (run,) = world.directories()
    assert (run / "events.jsonl").stat().st_size < 40_000_000


def test_a_child_that_holds_the_output_does_not_hold_up_the_gate(world: World, engine: Engine) -> None:
    background = "sleep 600 & " + AT_ONCE
    _, events = gated(world, engine, variant(world.directory, deployer(["sh", "-c", background], BACK)))
    assert outcomes(events)["deployed", "deployer"] == "pass"
    deployed = select(events, "deployer.end", verb="deploy")[0]
    assert deployed.data["ended"] == "exit"
    assert deployed.data["seconds"] < 60  # it would be 600


@pytest.mark.parametrize("place", ["", "this machine"])
def test_a_deployer_that_closes_its_streams_and_hangs_is_stopped_too(world: World, engine: Engine, place: str) -> None:
    python = sys.executable if place else "python3"
    hang = [python, "-c", "import os, time; os.close(1); os.close(2); time.sleep(600)"]
    back = ["true"] if place else BACK
    ended, events = gated(world, engine, variant(world.directory, deployer(hang, back, place=place, timeout="3s")))
    assert ended.code == 1
    deployed = select(events, "deployer.end", verb="deploy")[0]
    assert deployed.data["ended"] == "timeout"


def test_daemons_of_a_deployer_on_this_machine_end_with_it(world: World, engine: Engine) -> None:
    daemons = "setsid sleep 611 & (setsid sh -c 'sleep 612 & exec sleep 613' > /dev/null 2>&1 &) ; echo done; exit 5"
    stack = variant(world.directory, deployer(["sh", "-c", daemons], ["true"], place="this machine"))
    ended, events = gated(world, engine, stack)
    assert ended.code == 1
    assert {e.data["exit_code"] for e in select(events, "deployer.end", verb="deploy")} == {5}


def test_a_half_deployment_by_a_deployer_that_cannot_be_started_is_unknown(world: World, engine: Engine) -> None:
    stack = variant(world.directory, deployer(["deployctl"], BACK))
    ended = world.gate(stack, "--scenario", "half-deployment").end(60)
    clean(ended)
    assert ended.code == 2, ended.text
    assert "not started" in reasons(world.events(), "half-deploy")
    assert left_on(engine, world) == {}


def exits_at_start(document: dict[str, Any]) -> None:
    document["services"]["queue"]["command"] = ["sh", "-c", "echo the config is broken >&2; exit 3"]
    document["services"]["queue"]["healthcheck"] = {"test": ["CMD", "true"], "interval": "1s"}


def never_ready(document: dict[str, Any]) -> None:
    check = ["CMD", "sh", "-c", "echo 503 not yet; exit 1"]
    document["services"]["queue"]["healthcheck"] = {"test": check, "interval": "500ms", "retries": 3, "timeout": "1s"}
    document["services"]["queue"]["command"] = ["sh", "-c", "echo loading the data; exec sleep 600"]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (exits_at_start, ("queue-1", "exited with code 3", "the config is broken")),
        (never_ready, ("queue-1", "503 not yet", "loading the data", "exit code 1")),
    ],
)
def test_a_replica_that_does_not_come_up_is_unknown_and_says_why(
    world: World, engine: Engine, edit: Any, words: tuple[str, ...]
) -> None:
    ended, events = gated(world, engine, variant(world.directory, edit))
    assert ended.code == 2, ended.text
    assert [word for word in words if word not in ended.err] == [], ended.err
    if edit is never_ready:
        waited = re.search(r"got: +after ([0-9.]+) s", ended.err)
        assert waited is not None
        assert float(waited[1]) >= 2.5, "three times 500 ms and its timeout; more on a busy machine"
    assert "queue-1.log" in evidence(world)
    assert [e.data["exit_code"] for e in events if e.kind == "run.end"] == [2]
