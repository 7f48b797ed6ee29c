"""Random plans on the tiny stack: a sound deployer passes, and one that lies does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fixtures import tiny
from harness.engine import Engine
from harness.events import FaultHeal, PlanStepStart, RunStart
from harness.history import Event
from harness.plan.gating import in_environment
from harness.plan.plan import Plan
from harness.plan.random import Bounds, RandomPlan, generate
from harness.plan.run import Options, Run
from harness.plan.steps import Step
from harness.plan.steps.hold import Hold
from harness.stack import load
from harness.verdict import Outcome, Verdict, combine

pytestmark = [pytest.mark.containers, pytest.mark.sampled]
SHORT = Bounds(steps=30, seconds=75.0)
SOUND, LIES = 39, 9  # a rollback that is killed half-way, and begun again under latency; the same without a fault


def quick(plan: Plan) -> Plan:
    """The same with shorter phases, as long as the checks want."""

    def shorter(step: Step) -> Step:
        return step.model_copy(update={"seconds": min(step.seconds, 2.0)}) if isinstance(step, Hold) else step

    return replace(plan, steps=tuple(map(shorter, plan.steps)), final=tuple(map(shorter, plan.final)))


def ran(
    engine: Engine, runs: Path, seed: int, **environ: str
) -> tuple[RandomPlan, Verdict, tuple[Event, ...], list[str]]:
    """A random plan, the verdict on it, what was recorded, and whatever is no pass."""
    stack = load(tiny.STACK, environ=environ)
    drawn = generate(stack, "1.0.0", "1.1.0", seed, SHORT)
    with Run(engine, Options(out=runs), RunStart(stack=stack.name)) as run:
        run.start()
        verdicts = in_environment(run, stack, quick(drawn.plan))
        events = tuple(run.history.events)
    return drawn, combine(verdicts), events, [str(one) for one in verdicts if not one]


def test_a_sound_deployer_passes_a_random_plan(harness_engine: Engine, tmp_path: Path) -> None:
    drawn, verdict, events, bad = ran(harness_engine, tmp_path, SOUND)
    assert bad == []
    assert verdict.outcome is Outcome.PASS
    steps = [event.body.name for event in events if isinstance(event.body, PlanStepStart)]
    assert steps == [step.step_name() for step in drawn.plan.every]
    healed = [event.body for event in events if isinstance(event.body, FaultHeal)]
    assert [(one.bit, one.gone) for one in healed] == [(True, True)] * 2
    assert ("latency", "second-attempt") in [(one.what, one.stage) for one in drawn.elements]


def test_a_deployer_that_lies_fails_one(harness_engine: Engine, tmp_path: Path) -> None:
    _, verdict, _, bad = ran(harness_engine, tmp_path, LIES, TINY_DEPLOYER="lies")
    assert verdict.outcome is Outcome.FAIL
    assert any("runs 1.0.0" in one for one in bad)
