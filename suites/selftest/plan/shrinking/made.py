"""Plans that fail in a way that is known: which steps it takes, and how often."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

from harness.clock import ManualClock
from harness.plan.gate import Gate, Settings
from harness.plan.plan import Plan
from harness.plan.shrinking.outcomes import Outcomes, Tried
from harness.plan.shrinking.shrinker import Shrinker, ShrinkSettings, Shrunk
from harness.plan.signature import Signature
from harness.plan.steps import Step
from harness.plan.steps.attempt import Attempt
from harness.plan.steps.deploy import Deploy
from harness.plan.steps.heal import Heal
from harness.plan.steps.hold import Hold
from harness.plan.steps.inject import Inject
from harness.plan.steps.load import Load
from harness.plan.steps.rollback import Rollback
from harness.stack import Stack
from harness.verdict import Outcome
from suites.selftest.plan.made import NEW, OLD, tiny_stack

TARGET = Signature("release", "a part of the fleet goes back, the rest does not", "web")
OTHER = Signature("errors", "something else", "web")
Needs = Callable[[Plan], int | None]
"""Of a plan, the place (from 0) of the step in which it fails; None where it does not fail."""


def round_trip(stack: Stack | None = None) -> Plan:
    """The gate's plan for the tiny stack: 34 steps."""
    return Gate(stack or tiny_stack(), OLD, NEW, Settings(baseline=2.0, hold=2.0)).plans(("round-trip",))[0]


def twenty() -> Plan:
    """Twenty steps, in which faults come and go while a release is deployed, taken back and deployed again."""
    slow = {"fault": "latency", "from": "all", "to": "web", "ms": 200}
    steps: list[Step] = [
        Load(),
        Hold(phase="baseline", seconds=3.0, checks=("errors",), precondition=True),
        Inject(phase="i1", name="slow", fault=slow),
        Hold(phase="h1", seconds=3.0, checks=("errors",)),
        Heal(name="slow"),
        Deploy(phase="d1", release=NEW),
        Hold(phase="h2", seconds=3.0, checks=("errors", {"check": "release", "release": NEW})),
        Inject(phase="i2", name="gone", fault={"fault": "process.killed", "on": "one"}),
        Rollback(phase="r1"),
        Heal(name="gone"),
        Hold(phase="h3", seconds=3.0, checks=("errors", {"check": "release", "release": OLD})),
        Attempt(phase="d2", verb="deploy", release=NEW, name="cut", fault=slow),
        Heal(name="cut"),
        Hold(phase="h4", seconds=3.0, checks=({"check": "release", "release": NEW},)),
        Rollback(phase="r2"),
        Hold(phase="h5", seconds=3.0, checks=({"check": "release", "release": OLD},)),
        Deploy(phase="d3", release=NEW),
        Hold(phase="h6", seconds=3.0, checks=("errors",)),
        Rollback(phase="r3"),
        Hold(phase="h7", seconds=3.0, checks=("errors",)),
    ]
    return Plan("twenty", "many steps", OLD, NEW, tuple(steps))


def where(plan: Plan, phase: str) -> int | None:
    """The place of the first step of a phase."""
    return next((at for at, step in enumerate(plan.steps) if step.about == phase), None)


def needing(*phases: str, asked: str = "") -> Needs:
    """It fails in the last of these phases, when all are there in this order; and, of that step, the check."""

    def fails(plan: Plan) -> int | None:
        found = [where(plan, one) for one in phases]
        places = [one for one in found if one is not None]
        if len(places) < len(found) or places != sorted(places):
            return None
        checks = [one.check for one in getattr(plan.steps[places[-1]], "checks", ())]
        return places[-1] if not asked or asked in checks else None

    return fails


class World:
    """Runs plans in no time: what fails is known.

    Args:
        fails: in which step a plan fails.
        rate: how often, of all its runs.
        unknown: how often a run comes to no verdict.
        otherwise: of the runs that do not fail so, how many fail in another way.
        took: seconds of each run, which pass on the clock.
    """

    def __init__(
        self, fails: Needs, rate: float = 1.0, *, unknown: float = 0.0, otherwise: float = 0.0, seed: int = 1,
        took: float = 10.0,
    ) -> None:  # fmt: skip
        self._fails, self._rate, self._unknown, self._otherwise = fails, rate, unknown, otherwise
        self._chance, self._lock, self._took = random.Random(seed), threading.Lock(), took
        self.clock, self.ran = ManualClock(), list[Plan]()

    def __call__(self, plan: Plan, stop: threading.Event) -> Tried:  # noqa: ARG002 - a run takes no time
        with self._lock:
            self.ran.append(plan)
            self.clock.advance(self._took)
            drawn = self._chance.random
            if drawn() < self._unknown:
                return Tried(Outcome.UNKNOWN, reason="the engine was busy")
            at = self._fails(plan)
            if at is not None and drawn() < self._rate:
                return Tried(Outcome.FAIL, TARGET, at + 1, "web-1 runs 1.1.0")
            if drawn() < self._otherwise:
                return Tried(Outcome.FAIL, OTHER, 1, "500 everywhere")
            return Tried(Outcome.PASS)


def shrunk(
    world: World, plan: Plan, *, seconds: float = 1e9, file: Path | None = None, jobs: int = 1, failing: bool = True,
    stack: Stack | None = None,
) -> Shrunk:  # fmt: skip
    """What is left of a plan in such a world."""
    outcomes = Outcomes(file)
    at = world._fails(plan)
    try:
        shrinker = Shrinker(
            stack or tiny_stack(), world, outcomes, ShrinkSettings(jobs, seconds, confirm=10), world.clock
        )
        return shrinker.shrink(plan, TARGET if failing else None, at + 1 if failing and at is not None else None)
    finally:
        outcomes.close()
