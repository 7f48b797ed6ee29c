"""Shrinking plans whose failure is known: what is left, how sure that is, and what it costs."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.plan.plan import Plan
from harness.plan.shrinking.cut import Cut, cost, sensible
from harness.plan.shrinking.outcomes import Outcomes, Tried
from harness.plan.shrinking.shrinker import Shrinker, ShrinkSettings
from harness.plan.shrinking.slots import Slots
from harness.plan.shrinking.wald import Wald
from harness.plan.steps.load import Load
from harness.verdict import Outcome
from suites.selftest.plan.made import plan_of, tiny_stack
from suites.selftest.plan.shrinking.made import TARGET, World, needing, round_trip, shrunk, twenty

STACK = tiny_stack()
FAILURES = [
    ("d1", "h2"), ("d1", "i2", "r1", "h3"), ("d2", "h4"), ("d1", "r1", "r2", "h5"), ("h1",), ("i1", "h3"),
    ("d1", "r1", "d3", "h6"), ("i2", "h3"), ("d2", "r2", "h5"), ("d1", "d3", "h6"),
]  # fmt: skip
PHASES = [step.about for step in twenty().steps if step.about]


def names(plan: Plan) -> list[str]:
    return [step.about or step.step_name() for step in plan.steps]


@pytest.mark.parametrize("needed", FAILURES)
def test_of_twenty_steps_only_those_are_left_that_the_failure_needs(needed: tuple[str, ...]) -> None:
    found = shrunk(World(needing(*needed)), twenty())
    assert names(found.after) == ["load", *needed]
    assert found.finished
    assert str(found.confirmed) == "fails 10 of 10, 95 % interval 69 to 100 %"


def test_ten_failures_that_always_come_are_cut_to_four_steps_within_the_time() -> None:
    found = [shrunk(World(needing(*needed)), twenty(), seconds=1440.0) for needed in FAILURES]
    assert sorted(len(one.after.steps) for one in found)[5] <= 4
    assert all(one.finished for one in found)


def test_ten_failures_of_which_three_runs_in_ten_fail_are_cut_to_four_steps_within_the_time() -> None:
    # 12 minutes on 2 slots are 1440 seconds of runs that take 10 each
    worlds = [World(needing(*needed), 0.3, seed=seed) for seed, needed in enumerate(FAILURES)]
    found = [shrunk(world, twenty(), seconds=1440.0) for world in worlds]
    assert sorted(len(one.after.steps) for one in found)[5] <= 4
    assert all(needing(*needed)(one.after) is not None for one, needed in zip(found, FAILURES, strict=True))
    assert all(one.seconds <= 1460.0 for one in found)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(PHASES), min_size=1, max_size=4, unique=True))
def test_what_is_left_makes_sense_fails_in_the_same_way_and_is_minimal(needed: list[str]) -> None:
    plan, order = twenty(), {phase: at for at, phase in enumerate(PHASES)}
    fails = needing(*sorted(needed, key=order.__getitem__))
    found = shrunk(World(fails), plan)
    found.after.check(STACK)
    assert sensible(found.after, plan)
    assert fails(found.after) is not None
    for at in range(len(found.after.steps)):  # no single step can go any more
        left = Plan("p", "", plan.old, plan.new, found.after.steps[:at] + found.after.steps[at + 1 :])
        legal = Shrinker(STACK, World(fails), Outcomes()).legal(left, plan)
        assert not (legal and fails(left) is not None), names(left)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(FAILURES), st.floats(0.05, 1.0), st.floats(0.0, 0.5), st.floats(0.0, 0.5), st.integers(0, 99))
def test_it_always_ends_and_never_grows(
    needed: tuple[str, ...], rate: float, unknown: float, otherwise: float, seed: int
) -> None:
    world = World(needing(*needed), rate, unknown=unknown, otherwise=otherwise, seed=seed)
    found = shrunk(world, twenty(), seconds=4000.0)
    assert found.seconds <= 4000.0 + 20.0
    assert cost(found.after) <= cost(found.before)
    assert found.after == found.before or needing(*needed)(found.after) is not None


def test_a_plan_that_fails_in_another_way_is_not_the_same_failure() -> None:
    """Without the rollback everything fails, too, but otherwise."""
    world = World(needing("d1", "r1", "h3"), otherwise=1.0)
    found = shrunk(world, twenty())
    assert names(found.after) == ["load", "d1", "r1", "h3"]


def test_what_is_unknown_is_neither() -> None:
    found = shrunk(World(needing("d1", "h2"), unknown=0.3), twenty())
    assert names(found.after) == ["load", "d1", "h2"]
    assert found.unknown > 0
    assert found.confirmed.failed == found.confirmed.of < 10


def test_a_smaller_plan_that_never_comes_to_a_verdict_leaves_it_open_whether_more_can_go() -> None:
    class Broken(World):
        def __call__(self, plan: Plan, stop: threading.Event) -> Tried:
            return super().__call__(plan, stop) if len(plan.steps) > 6 else Tried(Outcome.UNKNOWN, reason="broken")

    found = shrunk(Broken(needing("d1", "h2")), twenty())
    assert not found.finished
    assert len(found.after.steps) > 6


def test_where_every_run_is_unknown_nothing_is_cut_and_it_says_so() -> None:
    world = World(needing("d1", "h2"), unknown=1.0)
    found = shrunk(world, twenty())
    assert found.after == found.before
    assert (found.measured.of, found.signature) == (0, None)
    assert len(world.ran) < 20


def test_a_plan_that_does_not_fail_is_left_as_it_is() -> None:
    found = shrunk(World(lambda _plan: None), twenty(), failing=False)
    assert (found.after, found.signature) == (found.before, None)
    assert (found.measured.failed, found.measured.of) == (0, 20)


def test_without_a_run_to_begin_with_the_first_failure_is_what_is_looked_for() -> None:
    found = shrunk(World(needing("d1", "h2")), twenty(), failing=False)
    assert found.signature == TARGET
    assert names(found.after) == ["load", "d1", "h2"]


def test_the_gates_plan_is_cut_to_the_check_that_failed() -> None:
    world = World(needing("deploy", "rollback", "rolled-back", asked="release"))
    found = shrunk(world, round_trip())
    assert names(found.after) == ["load", "deploy", "rollback", "rolled-back"]
    assert [one.check for one in getattr(found.after.steps[-1], "checks", ())] == ["release"]
    assert getattr(found.after.steps[-1], "seconds", None) == 1.0


def test_a_milder_fault_and_a_named_replica_are_found() -> None:
    def fails(plan: Plan) -> int | None:
        at = needing("i2", "h3")(plan)
        on = [step.fault["on"] for step in plan.steps if step.about == "i2" and hasattr(step, "fault")]
        return at if on and on[0] in ("one", "web-2") else None

    found = shrunk(World(fails), twenty())
    (inject,) = [step for step in found.after.steps if step.about == "i2"]
    assert inject.to_data()["fault"] == {"fault": "process.killed", "on": "web-2"}


def test_a_milder_fault_is_no_milder_than_what_fails() -> None:
    def fails(plan: Plan) -> int | None:
        at = needing("i1", "h1")(plan)
        ms = [step.fault["ms"] for step in plan.steps if step.about == "i1" and hasattr(step, "fault")]
        return at if ms and ms[0] >= 40 else None

    (inject,) = [step for step in shrunk(World(fails), twenty()).after.steps if step.about == "i1"]
    assert 40 <= inject.to_data()["fault"]["ms"] < 80


def test_a_check_for_a_release_stays_behind_the_step_that_asked_for_it() -> None:
    """A check that the new release runs would fail without a deployment: a plan without sense, and no failure."""

    def fails(plan: Plan) -> int | None:
        return needing("h2", asked="release")(plan)

    world = World(fails)
    after = shrunk(world, twenty()).after
    deployed = [any(one in names(plan) for one in ("d1", "d2", "d3")) for plan in world.ran if "h2" in names(plan)]
    assert all(deployed)
    assert fails(after) is not None


def test_candidates_that_make_no_sense_are_never_run() -> None:
    world, original = World(needing("d1", "r1", "d3", "h6")), twenty()
    shrunk(world, original)
    for plan in world.ran:
        plan.check(STACK)
        assert sensible(plan, original)


def test_no_plan_is_run_without_the_step_that_failed() -> None:
    world = World(needing("d1", "h2"))
    shrunk(world, twenty())
    assert all("h2" in names(plan) for plan in world.ran)


def test_no_plan_is_run_more_often_than_its_test_demands() -> None:
    world = World(needing("d1", "h2"))
    shrunk(world, twenty())
    often = {tuple(names(plan)): 0 for plan in world.ran}
    assert len(world.ran) <= 3 + 10 + 3 * len(often)


def test_when_the_time_is_over_the_best_so_far_is_what_is_left() -> None:
    found = shrunk(World(needing("d1", "i2", "r1", "h3"), 0.3, seed=3), twenty(), seconds=300.0)
    assert not found.finished
    assert found.seconds <= 320.0
    assert needing("d1", "i2", "r1", "h3")(found.after) is not None


class Killed(Exception):
    """The process that shrinks was killed."""


def test_after_a_kill_it_goes_on_where_it_was(tmp_path: Path) -> None:
    whole = World(needing("d1", "i2", "r1", "h3"))
    shrunk(whole, twenty())

    class Mortal(World):
        def __call__(self, plan: Plan, stop: threading.Event) -> Tried:
            if len(self.ran) == 8:
                raise Killed
            return super().__call__(plan, stop)

    first = Mortal(needing("d1", "i2", "r1", "h3"))
    with pytest.raises(Killed):
        shrunk(first, twenty(), file=tmp_path / "o")
    second = World(needing("d1", "i2", "r1", "h3"))
    found = shrunk(second, twenty(), file=tmp_path / "o")
    assert names(found.after) == ["load", "d1", "i2", "r1", "h3"]
    assert found.unknown == 1  # the run in which it was killed
    assert len(first.ran) + len(second.ran) <= len(whole.ran) + 1


@pytest.mark.parametrize("jobs", [2, 5])
def test_with_several_slots_the_result_is_as_small(jobs: int) -> None:
    found = shrunk(World(needing("d1", "r1", "d3", "h6")), twenty(), jobs=jobs)
    assert names(found.after) == ["load", "d1", "r1", "d3", "h6"]


def test_several_slots_run_several_plans_at_once() -> None:
    met = threading.Barrier(3, timeout=20)
    world = World(needing("d1", "h2"))

    def attempt(plan: Plan, stop: threading.Event) -> Tried:
        if len(world.ran) < 3:
            met.wait()  # raises unless three are here at once
        return world(plan, stop)

    shrinker = Shrinker(STACK, attempt, Outcomes(), ShrinkSettings(jobs=3, seconds=1e9), world.clock)
    assert shrinker.shrink(twenty(), TARGET).after.steps


def test_what_nobody_needs_any_more_is_stopped_and_counts_for_nothing(tmp_path: Path) -> None:
    """The first candidate fails while the second one runs, which ends only because it is told to."""
    first, second = (Cut(plan_of(Load(rate=rate)), "") for rate in (1.0, 2.0))
    under_way, stopped = threading.Event(), threading.Event()

    def attempt(plan: Plan, stop: threading.Event) -> Tried:
        if plan == first.plan:
            assert under_way.wait(20)
            return Tried(Outcome.FAIL, TARGET, 1)
        under_way.set()
        assert stop.wait(20)
        stopped.set()
        return Tried(Outcome.UNKNOWN, reason="it was stopped")

    outcomes = Outcomes(tmp_path / "o")
    slots = Slots(attempt, outcomes, jobs=2, over=lambda: False)
    assert slots.first([first, second], Wald.of_rate(1.0), TARGET) == first
    assert stopped.is_set()
    assert (outcomes.of(second.plan), outcomes.unknown()) == ((), 0)
    outcomes.close()
    assert Outcomes(tmp_path / "o").lost == 0
