"""A time that is spent on plans: in their order, and what there is no time for is named and no part of the verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from fixtures import reference
from harness.clock import ManualClock
from harness.errors import FaultUnavailable
from harness.events import PlanLeftOut
from harness.history import History, of
from harness.plan import gating
from harness.plan.budget import FAULTS, Budget, about, estimate, fitting, named
from harness.plan.cases import cases
from harness.plan.gate import Gate, Settings
from harness.plan.plan import Plan
from harness.plan.run import Run
from harness.plan.under_faults import plan
from harness.report import Report, html, junit, markdown, postmortem
from harness.samples import Samples
from harness.stack import load
from harness.verdict import Outcome, Verdict

STACK = load(reference.STACK)
GATE = Gate(STACK, "4.1.0", "4.1.1")
PLANS = (*GATE.plans(), *(plan(GATE, case) for case in cases(STACK, ["quick"])))


def test_a_longer_look_and_a_fault_take_longer() -> None:
    short, long = (Gate(STACK, "4.1.0", "4.1.1", Settings(soak=soak)).plans()[0] for soak in (0.0, 600.0))
    assert estimate(long) == pytest.approx(estimate(short) + 600.0)
    whole, half = GATE.plans()
    assert estimate(half) < estimate(whole) < estimate(PLANS[-1]) + 30


def test_what_comes_first_is_taken_as_far_as_the_time_goes() -> None:
    kept, left = fitting(PLANS, estimate(PLANS[0]) + estimate(PLANS[1]) + 1.0)
    assert ([*kept], [*left]) == ([*PLANS[:2]], [*PLANS[2:]])
    assert fitting(PLANS, 1.0)[0] == [PLANS[0]], "the first one is always run"
    assert fitting(PLANS, None) == ([*PLANS], [])


def test_a_short_plan_is_taken_where_a_long_one_before_it_does_not_fit() -> None:
    long, short = PLANS[0], PLANS[1]
    assert fitting([short, long, short], 2 * estimate(short) + 1.0)[0] == [short, short]


def test_how_long_the_others_took_is_reckoned_with() -> None:
    budget = Budget(100.0)
    budget.took(20.0, 40.0)
    assert budget.allows(30.0)
    assert not budget.allows(31.0), "plans take twice as long as was thought"


def test_times_and_names_are_short() -> None:
    assert (about(41.4), about(300.0)) == ("about 41 seconds", "about 5 minutes")
    assert (about(99.0), about(100.0), about(18_000.0)) == ("about 99 seconds", "about 2 minutes", "about 300 minutes")
    assert named("abcdefgh") == "a, b, c, d, e, f and 2 more"
    assert named("abcdef") == "a, b, c, d, e, f"
    assert named("") == ""


def test_a_plan_is_estimated_by_its_changes_its_faults_and_what_it_holds() -> None:
    case = plan(GATE, cases(STACK, ["process.killed"])[0])
    faults = sum(step.to_data()["step"] in FAULTS for step in case.steps)
    changes = sum(step.changes for step in case.steps)
    holds = sum(getattr(step, "seconds", 0.0) for step in case.steps)
    assert faults >= 2, "it is injected and healed"
    assert estimate(case) == pytest.approx(5.0 + holds + 3.2 * changes + 2.5 * faults)
    assert estimate(Plan("p", "t", "1", "2", ())) == 5.0


def test_what_all_plans_took_is_spent() -> None:
    budget = Budget(100.0)
    for _ in range(3):
        budget.took(20.0, 20.0)
    assert budget.spent == 60.0
    assert (budget.allows(40.0), budget.allows(41.0)) == (True, False)


class Slow:
    """A run whose plans take some seconds each, and pass."""

    def __init__(self, seconds: float) -> None:
        self.clock = ManualClock()
        self.history = History(clock=self.clock)
        self.seconds = seconds
        self.ran: list[str] = []

    def run(self, _run: Run, _stack: Any, made: Plan) -> list[Verdict]:
        self.ran.append(made.name)
        self.clock.advance(self.seconds)
        if "process.killed" in made.name:
            raise FaultUnavailable("There is no such thing here", got="nothing")
        return [Verdict("release", Outcome.PASS, "as it should be", (0,))]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    found = Slow(60.0)
    monkeypatch.setattr(gating, "in_environment", found.run)
    return found


def test_what_there_is_no_time_for_is_recorded_and_is_no_part_of_the_verdict(slow: Slow) -> None:
    verdict = gating.run_plans(cast(Run, slow), STACK, PLANS[:2] + PLANS[:1], 70.0)
    assert slow.ran == ["round-trip"], "it took longer than was thought, so the second one has no time left"
    left = [event.body for event in of(slow.history.events, PlanLeftOut)]
    assert [(body.name, body.budget) for body in left] == [("half-deployment", 70.0), ("round-trip", 70.0)]
    assert (verdict.outcome, verdict.evidence) == (Outcome.PASS, (0,))


def test_a_fault_that_cannot_be_had_takes_its_time_and_is_unknown(slow: Slow) -> None:
    verdict = gating.run_plans(cast(Run, slow), STACK, [PLANS[3], PLANS[0]], None)
    assert slow.ran == ["process.killed at rollback-1", "round-trip"]
    assert verdict.outcome is Outcome.UNKNOWN


def test_every_report_names_what_was_left_out_and_its_headline_says_so(slow: Slow) -> None:
    slow.history.record(PlanLeftOut("half-<deployment>", 20.0, 60.0))
    report = Report.of(slow.history.events)
    assert report.left_out == ("half-<deployment>",)
    assert "left out, no time: half-&#60;deployment>" in markdown.render(report)
    assert "left out, no time: half-&lt;deployment&gt;" in html.render(report, Samples())
    assert 'name="left out, no time" value="half-&lt;deployment&gt;"' in junit.render(report)
    assert "There was no time for half-&#60;deployment>." in postmortem.render(report)


def test_the_plans_of_a_budget_are_foretold_and_what_it_leaves_out_is_not_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from harness.cli import run

    words = ["gate", str(reference.STACK), "--budget", "45s", "--faults", "quick", "--dry-run"]
    assert run(words) == 0
    told = capsys.readouterr()
    assert "1 plan, about 41 seconds: round-trip" in told.err
    assert "no time for 6 plans, unless the others take less: half-deployment, cache.stale at rollback" in told.err
    assert "round-trip: " in told.out
    assert "half-deployment: " not in told.out


@pytest.mark.parametrize("budget", ["soon", "0", "-5m", ""])
def test_what_is_no_time_is_refused(budget: str, capsys: pytest.CaptureFixture[str]) -> None:
    from harness.cli import run

    assert run(["gate", str(reference.STACK), "--budget", budget, "--dry-run"]) == 4
    assert "--budget" in capsys.readouterr().err
