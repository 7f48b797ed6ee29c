"""Runs in slots: how many there are, what they count, and what is given up."""

from __future__ import annotations

import threading

import pytest

from harness.plan.plan import Plan
from harness.plan.shrinking.cut import Cut
from harness.plan.shrinking.outcomes import Outcomes, Tried
from harness.plan.shrinking.shrinker import Shrinker, ShrinkSettings
from harness.plan.shrinking.slots import UNKNOWNS, Counted, Slots
from harness.plan.shrinking.wald import Wald
from harness.plan.steps.load import Load
from harness.verdict import Outcome
from suites.selftest.plan.made import plan_of, tiny_stack
from suites.selftest.plan.shrinking.made import OTHER, TARGET, World, needing, shrunk, twenty

PLAN = plan_of(Load())
FAILED, ELSEWHERE = Tried(Outcome.FAIL, TARGET, 1), Tried(Outcome.FAIL, OTHER, 1)
PASSED, UNKNOWN = Tried(Outcome.PASS), Tried(Outcome.UNKNOWN)


class Said:
    """Runs that come to what is said, the last one for ever."""

    def __init__(self, *found: Tried) -> None:
        self.found, self.ran = list(found), list[Plan]()

    def __call__(self, plan: Plan, _: threading.Event) -> Tried:
        self.ran.append(plan)
        return self.found.pop(0) if len(self.found) > 1 else self.found[0]


def slots(attempt: Said, told: list[Tried] | None = None) -> Slots:
    seen = [] if told is None else told
    return Slots(attempt, Outcomes(), 1, lambda: False, lambda _, one: seen.append(one))


def test_a_failure_of_another_kind_counts_as_passed_and_what_is_unknown_as_neither() -> None:
    assert Counted.of([FAILED, ELSEWHERE, PASSED, UNKNOWN, UNKNOWN], TARGET) == Counted(1, 2, 2)


def test_every_run_is_counted_kept_and_told() -> None:
    told = list[Tried]()
    made = slots(Said(FAILED, UNKNOWN, PASSED), told)
    assert made.repeat(PLAN, lambda tried: 3 - len(tried)) == (FAILED, UNKNOWN, PASSED)
    assert (made.runs, told) == (3, [FAILED, UNKNOWN, PASSED])


def test_a_candidate_is_given_up_after_so_many_unknown_runs_unless_more_came_to_a_verdict() -> None:
    said = Said(UNKNOWN)
    made = slots(said)
    assert made.first([Cut(PLAN, "")], Wald.of_rate(0.3), TARGET) is None
    assert (len(said.ran), made.undecided) == (UNKNOWNS, True)
    said = Said(*[PASSED] * 3, *[UNKNOWN] * 3, PASSED)
    made = slots(said)
    assert made.first([Cut(PLAN, "")], Wald.of_rate(0.3), TARGET) is None
    assert (len(said.ran), made.undecided) == (13, False), "ten passes decide"


def test_a_candidate_with_a_single_unknown_run_is_run_again() -> None:
    said = Said(UNKNOWN, FAILED)
    made = slots(said)
    cut = Cut(PLAN, "")
    assert made.first([cut], Wald.of_rate(1.0), TARGET) == cut
    assert len(said.ran) == 2


def test_a_rate_is_measured_by_three_failures_or_twenty_verdicts_and_not_at_all_by_five_unknown_runs() -> None:
    broken, found = World(needing("d1"), unknown=1.0), {}
    for name, world in (("always", World(needing("d1"))), ("never", World(lambda _: None)), ("unknown", broken)):
        outcomes = Outcomes()
        made = Shrinker(tiny_stack(), world, outcomes, ShrinkSettings(1, 1e9, confirm=1), world.clock)
        made.shrink(twenty())
        found[name] = len(outcomes.of(twenty()))
    assert found == {"always": 3, "never": 20, "unknown": 5}


def test_a_search_says_what_it_measured_and_each_step_of_the_way_and_counts_all_its_runs() -> None:
    world, told = World(needing("d1", "h2")), list[str]()
    made = Shrinker(tiny_stack(), world, Outcomes(), ShrinkSettings(1, 1e9, confirm=2), world.clock, told.append)
    found = made.shrink(twenty(), TARGET)
    assert told[0] == "  20 steps: fail, 0 s"
    assert f"the plan {found.measured} ({TARGET})" in told
    assert [line for line in told if line.startswith("3 steps: ")]
    assert found.runs == len(world.ran)
    assert found.seconds == pytest.approx(10.0 * len(world.ran))


def test_what_comes_after_the_step_that_failed_is_not_even_measured() -> None:
    world = World(needing("d1", "h2"))
    shrunk(world, twenty())
    assert max(len(plan.steps) for plan in world.ran) == 7


def test_a_plan_that_did_not_fail_is_no_finished_search() -> None:
    found = shrunk(World(lambda _plan: None), twenty(), failing=False)
    assert (found.finished, found.runs, found.confirmed.of) == (False, 20, 0)
