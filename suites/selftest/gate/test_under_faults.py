"""The gate under faults on the tiny stack: a sound deployer passes, and one that leaves half of a fleet does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import tiny
from harness.engine import Engine
from harness.events import DeployerEnd, FaultHeal, PlanStepStart, RunStart
from harness.history import Event
from harness.plan.cases import Case
from harness.plan.gate import Gate, Settings
from harness.plan.gating import run_cases
from harness.plan.run import Options, Run
from harness.report import Report
from harness.stack import load
from harness.verdict import Outcome, Verdict

pytestmark = [pytest.mark.containers, pytest.mark.sampled]
KILLED = Case({"fault": "process.killed", "on": "web-2"}, "rollback-1")


def gated(engine: Engine, runs: Path, case: Case, **environ: str) -> tuple[Verdict, tuple[Event, ...], Report]:
    """The verdict on a case, and what was recorded."""
    stack = load(tiny.STACK, environ=environ)
    gate = Gate(stack, "1.0.0", "1.1.0", Settings(baseline=3.0, hold=3.0))
    with Run(engine, Options(out=runs), RunStart(stack=stack.name)) as run:
        run.start()
        verdict = run_cases(run, gate, [case])
        events = tuple(run.history.events)
    return verdict, events, Report.of(events)


def test_a_replica_that_is_killed_while_a_sound_rollback_runs_converges(harness_engine: Engine, tmp_path: Path) -> None:
    verdict, events, report = gated(harness_engine, tmp_path, KILLED)
    assert verdict.outcome is Outcome.PASS, [(one.phase, one.verdict.reason) for one in report.bad()]
    assert report.crossed() == (("rollback-1",), {"process.killed": {"rollback-1": Outcome.PASS}})
    healed = [event.body for event in events if isinstance(event.body, FaultHeal)]
    assert [(body.bit, body.gone) for body in healed] == [(True, True)] * 2
    steps = [event.body.name for event in events if isinstance(event.body, PlanStepStart)]
    assert steps[steps.index("attempt") :][:5] == ["attempt", "heal", "hold", "check", "again"]


def test_a_deployer_that_stops_half_way_and_says_it_is_done_fails(harness_engine: Engine, tmp_path: Path) -> None:
    case = Case({"fault": "latency", "from": "control", "to": "web", "ms": 5}, "before")
    verdict, events, report = gated(harness_engine, tmp_path, case, TINY_DEPLOYER="lies")
    assert verdict.outcome is Outcome.FAIL
    assert any(isinstance(event.body, DeployerEnd) for event in events)
    assert report.cases == {"latency at before": Outcome.FAIL}
    assert all(one.phase.startswith("latency at before: ") for one in report.judged)


def test_a_fault_that_cannot_be_had_makes_its_case_unknown(harness_engine: Engine, tmp_path: Path) -> None:
    case = Case({"fault": "process.clock", "on": "web-1", "seconds": 60}, "rollback")
    verdict, _, _ = gated(harness_engine, tmp_path, case)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "process.clock is not available here" in verdict.reason
