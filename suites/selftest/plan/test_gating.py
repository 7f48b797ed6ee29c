"""Each plan has an environment of its own, with its samples, its control, and its place in the history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import pytest

from harness.clock import ManualClock
from harness.errors import FaultUnavailable
from harness.events import PlanLeftOut, StepStart
from harness.history import History, of
from harness.plan import gating
from harness.plan.cases import Case, cases
from harness.plan.plan import Plan
from harness.plan.run import Run
from harness.plan.under_faults import plan as case_plan
from harness.stack import Stack
from harness.verdict import Outcome, Verdict
from suites.raw import raw, select
from suites.selftest.plan.made import NEW, OLD, gate, plan_of, tiny_stack
from suites.selftest.plan.test_runner import Changing

PASSED = Verdict("release", Outcome.PASS, "as it should be", (0,))


class Standing:
    """An environment that is only noted when it comes up and goes down."""

    def __init__(self, number: int, history: History) -> None:
        self.id, self.history = f"h{number}", history

    def __enter__(self) -> Standing:
        self.history.record(raw("note", text=f"{self.id} up"))
        return self

    def __exit__(self, *_: object) -> None:
        self.history.record(raw("note", text=f"{self.id} down"))


class Begun:
    """A run that keeps what it is asked for."""

    def __init__(self) -> None:
        self.history, self.asked = History(clock=ManualClock()), list[Any]()

    def environment(self, stack: Stack, release: str, *, test: str, releases: tuple[str, ...] = ()) -> Standing:
        self.asked.append((stack.name, release, test, releases))
        return Standing(len(self.asked), self.history)

    def samples(self, environment: Standing) -> Path:
        return Path(f"samples-{environment.id}.bin")

    def control(self, stack: Stack, release: str, rate: float | None = None) -> tuple[str, str, float | None]:
        return stack.name, release, rate


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Begun:
    """Plans are only noted, in a trial that keeps what it was made of."""
    made = Begun()

    class Trial:
        def __init__(self, environment: Standing, samples: Path, beside: Any, strategy: str) -> None:
            self.made_of = (environment.id, str(samples), beside(5.0), strategy)
            self.verdicts = [PASSED]

        def __enter__(self) -> Trial:
            return self

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
        ) -> None: ...

    def ran(plan: Plan, trial: Trial) -> None:
        made.history.record(raw("note", text=f"{plan.name} in {trial.made_of}"))

    monkeypatch.setattr(gating, "Trial", Trial)
    monkeypatch.setattr(gating, "run_plan", ran)
    return made


class To(Changing):
    """Goes to a release."""

    release: str = ""


def test_a_plan_runs_in_an_environment_of_its_own_and_every_event_says_which(
    begun: Begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = tiny_stack()
    monkeypatch.setattr(gating, "releases_needed", lambda of, old, new: (f"{old} of {of.name}", new))
    plan = plan_of(To(release="2"), To(release=OLD), To(release="3"), strategy="rolling")
    assert gating.in_environment(cast(Run, begun), stack, plan) == [PASSED]
    ((name, release, test, releases),) = begun.asked
    assert (name, release, test) == (stack.name, OLD, "p")
    before = f"{OLD} of {stack.name}"
    assert releases == (before, "2", before, "3"), "of every release that it goes to"
    notes = select(begun.history.events, "note")
    assert [one.data["text"] for one in notes] == [
        "h1 up", f"p in ('h1', 'samples-h1.bin', {(stack.name, OLD, 5.0)!r}, 'rolling')", "h1 down",
    ]  # fmt: skip
    assert {(one.environment, one.data["scenario"]) for one in notes} == {("h1", "p")}
    (step,) = of(begun.history.events, StepStart)
    assert (step.body.name, step.body.title) == ("scenario", "p: a test")


@contextmanager
def noted(monkeypatch: pytest.MonkeyPatch, clock: ManualClock, seconds: float = 10.0) -> Iterator[list[Any]]:
    """What is run, in the place of environments; each takes so long."""
    ran: list[Any] = []

    def run(asked: Run, stack: Stack, plan: Plan) -> list[Verdict]:
        ran.append((asked, stack, plan))
        clock.advance(seconds)
        if plan.name == "p":
            raise FaultUnavailable("There is no such thing here", got="nothing")
        return [PASSED]

    with monkeypatch.context() as patched:
        patched.setattr(gating, "in_environment", run)
        yield ran


def test_a_gate_is_its_scenarios_and_cases_are_plans_of_the_same_gate(
    begun: Begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = gate()
    run, clock = cast(Run, begun), cast(ManualClock, begun.history.clock)
    with noted(monkeypatch, clock) as ran:
        assert gating.run_gate(run, made).outcome is Outcome.PASS
        assert ran == [(run, made.stack, plan) for plan in made.plans()]
        ran.clear()
        assert gating.run_gate(run, made, ["half-deployment"]).outcome is Outcome.PASS
        assert [plan.name for _, _, plan in ran] == ["half-deployment"]
        ran.clear()
        wanted: list[Case] = cases(made.stack, ["process.killed"])[:2]
        assert gating.run_cases(run, made, wanted).outcome is Outcome.PASS
        assert ran == [(run, made.stack, case_plan(made, case)) for case in wanted]


def test_a_fault_that_cannot_be_had_is_recorded_as_unknown_in_its_scenario(
    begun: Begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Plan("q", "another", OLD, NEW, ())
    with noted(monkeypatch, cast(ManualClock, begun.history.clock)) as ran:
        verdict = gating.run_plans(cast(Run, begun), tiny_stack(), [plan_of(), other])
    assert [plan.name for _, _, plan in ran] == ["p", "q"], "the others go on"
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "faults: p: There is no such thing here: nothing")
    (told,) = select(begun.history.events, "verdict")
    assert (told.data["scenario"], told.data["check"], told.data["outcome"]) == ("p", "faults", "unknown")
    assert told.data["look"] == "`harness fault explain`: what the fault needs"


def test_what_is_left_out_is_recorded_with_what_it_would_have_taken_and_the_pace_is_that_of_each_plan(
    begun: Begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of these plans is estimated at five seconds, and takes ten."""
    clock, plans = cast(ManualClock, begun.history.clock), [Plan(name, "t", OLD, NEW, ()) for name in "abcd"]
    clock.advance(1000.0)
    with noted(monkeypatch, clock) as ran:
        gating.run_plans(cast(Run, begun), tiny_stack(), plans, 31.0)
    assert [plan.name for _, _, plan in ran] == ["a", "b", "c"]
    assert [one.body for one in of(begun.history.events, PlanLeftOut)] == [PlanLeftOut("d", 5, 31.0)]
