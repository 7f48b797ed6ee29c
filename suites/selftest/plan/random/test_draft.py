"""A draft: which stage each thing that a plan does is of, and what is told of it in a table."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plan.random.draft import Draft, Element, Leg, Moment, PlacedFault, Stage
from harness.plan.steps.probe import Probe

DEPLOY, BACK = Draft.base().legs
SLOW = {"fault": "latency", "ms": 5}


def fault(moment: Moment) -> PlacedFault:
    return PlacedFault(SLOW, moment)


def told(draft: Draft) -> list[tuple[str, str]]:
    found = draft.elements("rolling")
    assert {one.deployer for one in found} <= {"rolling"}
    return [(one.what, one.stage) for one in found]


def leg(of: Leg = DEPLOY, **fields: Any) -> list[tuple[str, str]]:
    """What is told of a leg with other fields."""
    number = Draft.base().legs.index(of)
    return told(Draft.base().changed(number, "m", **fields))


def test_the_base_is_there_and_back_and_tests_nothing_more() -> None:
    names = [(one.verb, one.name, one.own, one.later, one.quiet) for one in Draft.base().legs]
    assert names == [
        ("deploy", "deploy", "deploy", "deployed", "deployed"),
        ("rollback", "rollback", "rollback", "rolled-back", "rolled-back"),
    ]
    assert Draft.base().mutated == ((), ())
    assert told(Draft.base()) == []


@pytest.mark.parametrize(
    ("fields", "there", "back"),
    [
        ({"load": 2}, [("double-load", "deploy")], [("double-load", "rollback")]),
        (
            {"stopped": 1},
            [("interrupt", "deploy"), ("second-attempt", "deploy")],
            [("interrupt", "rollback"), ("second-attempt", "second-attempt")],
        ),
        ({"failures": 2}, [("failed-deployments", "deploy")], [("failed-deployments", "rollback")]),
        ({"mixed": 5}, [("hold-mixed", "half-deployed")], [("hold-mixed", "half-rolled-back")]),
        ({"twice": True}, [("double-command", "deploy")], [("double-command", "rollback")]),
        ({"deployers": 2}, [("two-deployers", "deploy")], [("two-deployers", "rollback")]),
        ({"waits": 5}, [("time-passes", "deployed")], [("time-passes", "rolled-back")]),
        ({"restarts": ("web-1",)}, [("restart", "deployed")], [("restart", "rolled-back")]),
        ({"steps": (Probe(phase="p"),)}, [("probe", "deployed")], [("probe", "rolled-back")]),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else "",
)
def test_each_act_is_told_with_its_stage(
    fields: dict[str, Any], there: list[tuple[str, str]], back: list[tuple[str, str]]
) -> None:
    assert leg(DEPLOY, **fields) == there
    assert leg(BACK, **fields) == back


@pytest.mark.parametrize(
    ("moment", "there", "back"),
    [
        ("whole", "deploy", "rollback"), ("half", "deploy", "rollback"),
        ("mixed", "half-deployed", "half-rolled-back"), ("second", "deploy", "second-attempt"),
        ("after", "deployed", "rolled-back"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_the_stage_in_which_it_is_on(moment: Moment, there: Stage, back: Stage) -> None:
    assert leg(DEPLOY, faults=(fault(moment),)) == [("latency", there)]
    assert leg(BACK, faults=(fault(moment),)) == [("latency", back)]


def test_two_deployers_after_an_interrupt_are_of_the_second_attempt() -> None:
    assert ("two-deployers", "second-attempt") in leg(BACK, stopped=1, deployers=2)


def test_a_fleet_that_was_left_half_way_is_told_of_the_leg_that_begins_there_and_is_no_second_attempt() -> None:
    draft = Draft.base().changed(0, "m", stopped=1, completed=False)
    assert told(draft) == [("interrupt", "deploy"), ("half-deployment", "rollback")]
    assert [draft.from_half(number) for number in range(2)] == [False, True]
    assert (draft.before(0), draft.before(1)) == (None, draft.legs[0])


def test_legs_that_are_added_are_told_by_their_own_stage_and_everything_once() -> None:
    again = Leg("deploy", "again", "deploy-again", "deployed", "q1")
    back = Leg("rollback", "second", "second-rollback", "rolled-back", "q2", faults=(fault("after"), fault("after")))
    plain = Leg("rollback", "third", "rollback-again", "rolled-back", "q3")
    draft = Draft.base().longer("more", again, back, plain)
    assert told(draft) == [
        ("deploy-again", "deploy-again"), ("latency", "rolled-back"), ("second-rollback", "second-rollback"),
    ]  # fmt: skip
    assert (draft.legs[2:], draft.mutated) == ((again, back, plain), ((), (), ("more",), ("more",), ("more",)))
    assert draft.before(3) == again


def test_a_change_is_of_one_leg_and_its_mutator_is_noted_there() -> None:
    draft = Draft.base().longer("more", DEPLOY).changed(1, "a", waits=5).changed(1, "b", load=2)
    assert [one.waits for one in draft.legs] == [0, 5, 0]
    assert (draft.legs[0], draft.legs[2], draft.legs[1].load) == (DEPLOY, DEPLOY, 2)
    assert draft.mutated == ((), ("a", "b"), ("more",))


@pytest.mark.parametrize(
    ("fields", "disturbed", "once_more"),
    [
        ({}, False, False), ({"faults": (fault("after"),)}, False, False), ({"faults": (fault("half"),)}, True, True),
        ({"stopped": 1}, True, True), ({"twice": True}, True, True), ({"load": 2}, True, True),
        ({"deployers": 2}, False, True), ({"waits": 5, "mixed": 3}, False, False),
    ],
    ids=str,
)  # fmt: skip
def test_a_command_may_end_badly_where_something_was_in_its_way(
    fields: dict[str, Any], disturbed: bool, once_more: bool
) -> None:
    made = Draft.base().changed(0, "m", **fields).legs[0]
    assert (made.disturbed, made.once_more) == (disturbed, once_more)


def test_an_element_is_told_with_its_stage_and_its_deployer() -> None:
    assert str(Element("latency", "deployed", "rolling")) == "latency (deployed, rolling)"
