"""A simpler plan: what is left of it, what it is called, whether it makes sense, and what it costs."""

from __future__ import annotations

import pytest

from harness.plan.shrinking.cut import (
    changing,
    checks_of,
    cost,
    heading,
    keeping,
    looks,
    pairs,
    sensible,
    with_checks,
    with_step,
    without,
)
from harness.plan.steps.attempt import Attempt
from harness.plan.steps.control import Control
from harness.plan.steps.deploy import Deploy
from harness.plan.steps.drain import Level
from harness.plan.steps.heal import Heal
from harness.plan.steps.hold import Hold
from harness.plan.steps.inject import Inject
from harness.plan.steps.interrupt import Interrupt
from harness.plan.steps.load import Load
from harness.plan.steps.mark import Mark
from harness.plan.steps.probe import Probe
from harness.plan.steps.restart import Restart
from harness.plan.steps.retry import Retry
from harness.plan.steps.rollback import Rollback
from harness.plan.steps.run import Run
from suites.selftest.plan.made import NEW, OLD, plan_of

SLOW = {"fault": "latency", "from": "web-1", "to": "queue", "ms": 200}
DEPLOY, BACK = Deploy(phase="d", release=NEW), Rollback(phase="r")
FIVE = plan_of(*(Hold(phase=f"h{number}", seconds=1.0) for number in range(1, 6)))


def inject(name: str, fault: dict[str, object] | None = None) -> Inject:
    return Inject(phase=f"i-{name}", name=name, fault=fault or SLOW)


@pytest.mark.parametrize(
    ("gone", "words"),
    [({2}, "step 3"), ({1, 2, 3}, "steps 2 to 4"), ({3, 0}, "steps 1 and 4"), ({4, 0, 2}, "steps 1, 3 and 5")],
)
def test_steps_that_go_are_told_by_their_numbers(gone: set[int], words: str) -> None:
    cut = without(FIVE, gone)
    assert cut.words == f"without {words}"
    assert cut.plan.steps == tuple(step for at, step in enumerate(FIVE.steps) if at not in gone)
    assert (cut.plan.name, cut.plan.new) == (FIVE.name, FIVE.new)


def test_steps_that_are_kept_keep_their_order() -> None:
    assert keeping(FIVE, [3, 0], "two").plan.steps == (FIVE.steps[0], FIVE.steps[3])


def test_a_step_takes_the_place_of_another_one() -> None:
    assert with_step(FIVE, 1, DEPLOY).steps == (FIVE.steps[0], DEPLOY, *FIVE.steps[2:])


def test_a_value_that_the_step_refuses_is_no_candidate() -> None:
    cut = changing(FIVE, 1, "2 s instead of 1 s", seconds=2.0)
    assert cut is not None
    assert (cut.words, cut.plan.steps[1]) == ("step 2: 2 s instead of 1 s", Hold(phase="h2", seconds=2.0))
    assert changing(FIVE, 1, "no time", seconds=0.0) is None


def test_the_checks_of_a_step_are_replaced_and_a_step_without_a_list_of_them_has_none() -> None:
    asking = Hold(phase="h", seconds=1.0, checks=("errors", "availability"))
    plan = plan_of(asking)
    assert checks_of(with_checks(plan, 0, checks_of(asking)[:1]).steps[0]) == checks_of(asking)[:1]
    assert checks_of(Load()) == ()


def test_a_fault_belongs_to_the_next_step_that_heals_it() -> None:
    attempt = Attempt(phase="d", verb="deploy", release=NEW, name="b", fault=SLOW)
    plan = plan_of(
        Mark(name="a"), inject("a"), attempt, Heal(name="a"), inject("a"), inject("c"), Heal(name="b"), Heal(name="a")
    )
    assert pairs(plan) == [(1, 3), (2, 6), (4, 7), (5,)]


def test_before_each_step_it_is_known_which_release_the_plan_has_asked_for() -> None:
    plan = plan_of(
        Load(), DEPLOY, Restart(phase="x", replicas=("web-1",)), Run(phase="y", command=("z",)),
        Interrupt(phase="half", verb="rollback", release=OLD), Retry(phase="t", verb="deploy", release=NEW), BACK,
        Interrupt(phase="half-2", release=NEW), Load(),
    )  # fmt: skip
    assert heading(plan) == [
        ("", OLD), ("", OLD), ("", NEW), ("", NEW), ("", NEW), ("half ", OLD), ("", NEW), ("", OLD), ("half ", NEW),
    ]  # fmt: skip


def test_what_only_does_something_may_stand_anywhere_and_what_looks_may_not() -> None:
    only_do = (Load(), inject("a"), Heal(name="a"), Mark(name="m"), Control(), DEPLOY)
    assert [looks(step) for step in only_do] == [False] * len(only_do)
    assert looks(FIVE.steps[0])
    assert looks(Probe(phase="p"))


def test_a_step_that_looks_makes_sense_where_it_looked_at_the_same_release_before() -> None:
    first, second = FIVE.steps[:2]
    whole = plan_of(Load(), first, inject("a"), DEPLOY, second, BACK, first)
    assert sensible(plan_of(Load(), first), whole)
    assert sensible(plan_of(inject("a"), DEPLOY, inject("a"), second), whole), "a fault may come later"
    assert not sensible(plan_of(Load(), second), whole), "nothing is deployed"
    assert not sensible(plan_of(Load(), DEPLOY, first), whole)
    assert sensible(plan_of(DEPLOY, FIVE.steps[3]), whole), "a step that was not there meant nothing"
    milder = Hold(phase="h2", seconds=0.5)
    assert not sensible(plan_of(milder), whole), "the same step, with other values"


def test_a_plan_costs_its_steps_then_its_checks_and_choices_then_its_amounts() -> None:
    assert cost(plan_of(Hold(phase="h", seconds=2.5))) == (1, 0, 2.5)
    checked = Hold(phase="h", seconds=2.0, checks=("errors", "availability"))
    assert cost(plan_of(checked, checked)) == (2, 4, 4.0)
    drained = Hold(phase="h", seconds=2.0, drain=Level(within=3.0))
    assert cost(plan_of(drained)) == (1, 1, 5.0)
    assert cost(plan_of(Load(rate=7.0))) == (1, 1, 0.0)
    assert cost(plan_of(Load())) == (1, 0, 0.0)
    assert cost(plan_of(inject("a"))) == (1, 0, 200.0)
    chosen = {**SLOW, "from": "one of web", "to": "all", "ms": 3}
    assert cost(plan_of(inject("a", chosen))) == (1, 2, 3.0)
    attempt = Attempt(phase="d", verb="deploy", release=NEW, name="b", fault=SLOW, replicas=2)
    assert cost(plan_of(attempt)) == (1, 1, 202.0)
