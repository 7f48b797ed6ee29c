"""The stack whose releases are images is gated by what its Compose file says, and a rollback that fails is caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import rolling
from harness.engine import Engine
from harness.history import History
from harness.plan.gate import Gate, Settings
from harness.plan.gating import run_gate
from harness.plan.run import Options, Run
from harness.stack import load
from harness.verdict import Outcome, Verdict
from suites.raw import select

pytestmark = [pytest.mark.containers, pytest.mark.sampled]

OLD, NEW = "1.0.0", "1.1.0"


def gated(
    engine: Engine, directory: Path, *scenarios: str, watched: bool = False, **variables: str
) -> tuple[Verdict, History]:
    stack = load(rolling.STACK, [rolling.WATCHED] if watched else [], environ=variables)
    assert stack.warnings == ()
    gate = Gate(stack, OLD, NEW, Settings(baseline=2.0, hold=2.0, drain=5.0))
    with Run(engine, Options(out=directory)) as run:
        return run_gate(run, gate, scenarios), run.history


def reasons(history: History, outcome: str) -> dict[tuple[str, str], str]:
    return {
        (event.data["phase"], event.data["check"]): event.data["reason"]
        for event in select(history.events, "verdict", outcome=outcome)
    }


def assert_nothing_wrong(verdict: Verdict, history: History) -> None:
    assert reasons(history, "fail") == {}
    # A machine that is too busy to say anything about times says so; nothing else may be unknown.
    late = {where: why for where, why in reasons(history, "unknown").items() if "itself was late" in why}
    assert reasons(history, "unknown") == late
    assert verdict.outcome is (Outcome.UNKNOWN if late else Outcome.PASS), verdict


@pytest.mark.paired
def test_with_nothing_but_releases_entry_point_and_load_declared_it_passes_every_scenario(
    harness_engine: Engine, tmp_path: Path
) -> None:
    verdict, history = gated(harness_engine, tmp_path)
    assert_nothing_wrong(verdict, history)
    told = [event for event in select(history.events, "probe.release") if event.data["release"] == NEW]
    assert told
    assert all(event.data["image"].startswith("sha256:") for event in told)
    (killed,) = select(history.events, "deployer.end", ended="stopped")
    assert killed.data["phase"] == "half-deploy"
    assert reasons(history, "pass")[("half-deploy", "half-way")].startswith("the deployer was killed when the first")
    assert {event.data["replica"] for event in select(history.events, "replica.replace", phase="half-rollback")} == {
        "web-1"
    }


@pytest.mark.paired
def test_with_the_balancer_declared_replicas_are_drained_before_they_are_replaced(
    harness_engine: Engine, tmp_path: Path
) -> None:
    verdict, history = gated(harness_engine, tmp_path, "half-deployment", watched=True, ROLLING_ORDER="start-first")
    assert_nothing_wrong(verdict, history)
    for replaced in select(history.events, "replica.replace"):
        assert replaced.data["order"] == "start-first"
        drained = f"{replaced.data['replica']} is drained"
        before = [event for event in select(history.events, "deployer.line", text=drained) if event.id < replaced.id]
        assert before
        assert before[-1].data["phase"] == replaced.data["phase"]


def test_a_rollback_that_leaves_a_replica_on_the_new_image_fails(harness_engine: Engine, tmp_path: Path) -> None:
    verdict, history = gated(harness_engine, tmp_path, "round-trip", ROLLING_FORMAT="2")
    assert verdict.outcome is Outcome.FAIL
    failed = reasons(history, "fail")
    assert f"web-2 runs {NEW}, not {OLD}" in failed[("rolled-back", "release")]
    assert "web-1 is exited (exit code 1)" in failed[("rolled-back", "containers")]
    assert "the rollback ended with exit code 1" in failed[("rolled-back", "deployer")]
    assert not [
        check for phase, check in failed if phase == "deployed" and check in ("release", "containers", "deployer")
    ]
    said = "\n".join(event.data["text"] for event in select(history.events, "deployer.line", phase="rollback"))
    assert "web-1 failed" in said
    assert "paused" in said
