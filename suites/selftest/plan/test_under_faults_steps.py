"""The steps of a case, one by one: what is injected, what is held, and what is asked of the deployer's word."""

from __future__ import annotations

from typing import Any, TypeVar

import pytest

from fixtures import reference
from harness.plan.cases import Case
from harness.plan.gate import Gate, Settings
from harness.plan.standing import drained, level, standing
from harness.plan.steps import Step
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.against import Against
from harness.plan.steps.check import Check
from harness.plan.steps.hold import Hold
from harness.plan.steps.inject import Inject
from harness.plan.steps.interrupt import Interrupt
from harness.plan.steps.load import Load
from harness.plan.steps.read_back import ReadBack
from harness.plan.under_faults import CONTROL, HEALED, plan
from harness.stack import Stack, load

STACK = load(reference.STACK, environ={})
FAULT = {"fault": "cache.stale"}
S = TypeVar("S", bound=Step)


def gate(stack: Stack = STACK) -> Gate:
    return Gate(stack, "4.1.0", "4.1.1", Settings(hold=4.0, drain=33.0))


def steps(kind: type[S], case: Case, stack: Stack = STACK) -> list[S]:
    """Those of a kind, in order."""
    return [step for step in plan(gate(stack), case).steps if isinstance(step, kind)]


def declaring(**faults: Any) -> Stack:
    declared = STACK.harness.faults.model_copy(update=faults)
    return STACK.model_copy(update={"harness": STACK.harness.model_copy(update={"faults": declared})})


def test_another_load_is_begun_beside_the_declared_one_and_the_declared_one_alone_where_it_is_as_large() -> None:
    workload = STACK.harness.workload
    assert workload is not None
    assert steps(Load, Case(FAULT, "rollback", load=2.0)) == [Load(), Load(rate=2.0 * workload.rate)]
    assert steps(Load, Case(FAULT, "rollback")) == [Load()]
    harness = STACK.harness.model_copy(update={"workload": None})
    bare = STACK.model_copy(update={"harness": harness})
    assert steps(Load, Case(FAULT, "rollback", load=2.0), bare) == [Load()]


def test_the_fault_is_on_where_nothing_is_deployed_first_and_need_not_bite_there() -> None:
    first, second = steps(Inject, Case(FAULT, "rollback"))
    assert first == Inject(phase="control-fault", name=CONTROL, fault=FAULT, judged=False)
    assert second == Inject(phase="rollback-fault", name="fault", fault=FAULT)
    assert second.judged


def test_where_a_fault_is_healed_and_where_a_release_has_settled_the_queue_comes_down() -> None:
    drained = level(STACK, 33.0)
    assert drained is not None
    held = {step.phase: step for step in steps(Hold, Case(FAULT, "between"))}
    assert {phase for phase, step in held.items() if step.drain == drained} == {
        HEALED, "deployed", "between-healed", "rolled-back",
    }  # fmt: skip
    assert {step.seconds for phase, step in held.items() if phase != "baseline"} == {4.0}
    assert [step.within for step in steps(ReadBack, Case(FAULT, "between"))] == [33.0, 33.0]


def test_the_first_attempt_of_two_goes_to_the_old_release() -> None:
    (first,) = steps(Interrupt, Case(FAULT, "second-attempt"))
    assert (first.phase, first.verb, first.release) == ("first-attempt", "rollback", "4.1.0")


def words(case: Case) -> dict[str, Any]:
    """What is asked of the deployer's word, by phase."""
    return {step.phase: step.checks[0] for step in steps(Check, case) if step.phase.endswith("-seen")}


@pytest.mark.parametrize(("given", "check", "refuse"), [
    ("once", "deployer", "may_refuse"), ("two-at-once", "two-deployers", "both_may_refuse"),
])  # fmt: skip
def test_under_a_fault_a_command_may_be_refused_and_without_one_it_may_not(given: Any, check: str, refuse: str) -> None:
    back = {"verb": "rollback", "release": "4.1.0"}
    under = words(Case(FAULT, "rollback", given=given))
    assert under["rollback-seen"] == CheckCall(check=check, parameters={**back, refuse: True})
    acts = words(Case({}, "rollback", given=given, act="two-deployers"))
    assert acts["rollback-seen"] == CheckCall(check=check, parameters=back)
    assert acts["deploy-seen"] == CheckCall(check=check, parameters={"verb": "deploy", "release": "4.1.1"})


@pytest.mark.parametrize(
    ("declared", "bounds"),
    [
        ({"longest_outage": 5.0}, {"longest_outage": 5.0, "budget": 1.0}),
        ({"budget": 0.25}, {"longest_outage": 3600.0, "budget": 0.25}),
        ({"longest_outage": 5.0, "budget": 0.25}, {"longest_outage": 5.0, "budget": 0.25}),
        ({}, None),
    ],
)
@pytest.mark.parametrize("moment", ["between", "rollback", "rollback-1", "deploy-1", "before"])
def test_while_a_fault_is_on_what_the_stack_declares_has_to_hold_as_it_did_without_a_deployment(
    declared: dict[str, float], bounds: dict[str, float] | None, moment: Any
) -> None:
    phase = {"between": "between", "rollback": "rollback", "rollback-1": "rollback"}.get(moment, "deploy")
    asked = CheckCall(check="availability", parameters=bounds or {})
    found = [step for step in steps(Against, Case(FAULT, moment), declaring(**declared)) if step.control == CONTROL]
    assert found == ([Against(phase=phase, control=CONTROL, checks=(asked,))] if bounds else [])


def test_another_way_of_deployment_than_the_declared_one_is_not_held_to_that() -> None:
    found = steps(Against, Case(FAULT, "rollback", strategy="rolling"), declaring(budget=0.25))
    assert not [step for step in found if step.control == CONTROL]


def test_where_a_release_has_settled_all_that_stands_is_asked_and_whether_the_queue_came_down() -> None:
    settled = [step for step in steps(Against, Case(FAULT, "rollback")) if len(step.checks) > 1]
    assert [(step.phase, step.control) for step in settled] == [("deployed", HEALED), ("rolled-back", HEALED)]
    for step, release in zip(settled, ("4.1.1", "4.1.0"), strict=True):
        assert step.checks == (*standing(STACK, release), *drained(STACK, 33.0))
