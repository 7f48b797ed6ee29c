"""What a stack has that mutators can use, and which of them may change the same leg."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plan.random.draft import Draft
from harness.plan.random.draws import Draws
from harness.plan.random.generate import UNDECLARED, _allowed, _ground
from harness.plan.random.mutators import Ground, Mutator, Place
from harness.stack import Stack
from suites.selftest.plan.random.stacks import STACKS


def ground(name: str, stack: Stack | None = None) -> Ground:
    drawn = STACKS[name]
    return _ground(stack or drawn.stack, drawn.old, drawn.new)


def loaded(**workload: Any) -> Stack:
    """The tiny stack under another load."""
    stack = STACKS["tiny"].stack
    assert stack.harness.workload is not None
    made = stack.harness.workload.model_copy(update=workload)
    return stack.model_copy(update={"harness": stack.harness.model_copy(update={"workload": made})})


def test_the_fleet_is_what_is_probed_or_told_by_its_image_each_once() -> None:
    assert ground("tiny").fleet == ("web-1", "web-2")
    assert ground("rolling").fleet == tuple(dict.fromkeys(ground("rolling").fleet))
    assert len(ground("rolling").fleet) == 2


def test_containers_are_replaced_by_built_in_strategies_and_two_deployers_need_commands() -> None:
    assert [(ground(name).replaces, ground(name).beside) for name in ("tiny", "rolling")] == [
        (False, True), (True, False),
    ]  # fmt: skip


def test_a_load_of_one_rate_can_be_doubled_and_no_other() -> None:
    assert ground("tiny").doubles
    assert not ground("tiny", loaded(ramp=object())).doubles
    assert not ground("tiny", loaded(steps=(object(),))).doubles
    assert not ground("tiny", loaded(replay=object())).doubles


def test_what_no_stack_declares_is_drawn_only_where_it_is_named() -> None:
    stack = STACKS["reference"].stack
    named = stack.harness.faults.model_copy(update={"more": {UNDECLARED[0]: {}}})
    more = stack.model_copy(update={"harness": stack.harness.model_copy(update={"faults": named})})
    assert not set(UNDECLARED) & ground("reference").faults.keys()
    assert set(UNDECLARED) & ground("reference", more).faults.keys() == {UNDECLARED[0]}


class Fake(Mutator):
    weight = 1

    def __init__(self, name: str, excludes: tuple[str, ...] = (), *, repeated: bool = False) -> None:
        vars(self).update(
            mutator_name=lambda: name, excludes=excludes, repeated=repeated, stages=("deploy", "rollback")
        )

    def places(self, draft: Draft, ground: Ground) -> Any:
        raise NotImplementedError

    def apply(self, draft: Draft, place: Place, ground: Ground, draws: Draws) -> Draft | None:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("excludes", "others", "repeated", "there", "allowed"),
    [
        ((), (), False, (), True),
        ((), (), False, ("other",), True),
        (("other",), (), False, ("other",), False),
        ((), ("one",), False, ("other",), False),
        (("third",), ("third",), False, ("other",), True),
        (("other",), ("one",), False, (), True),
        ((), (), False, ("one",), False),
        ((), (), True, ("one",), True),
    ],
)
def test_a_mutator_changes_a_leg_once_unless_it_is_repeated_and_not_beside_one_that_either_excludes(
    excludes: tuple[str, ...], others: tuple[str, ...], repeated: bool, there: tuple[str, ...], allowed: bool
) -> None:
    one, other = Fake("one", excludes, repeated=repeated), Fake("other", others)
    draft = Draft(Draft.base().legs, ((), there))
    assert _allowed(one, Place(1, "rollback"), draft, (one, other)) is allowed
    assert _allowed(one, Place(0, "deploy"), draft, (one, other)), "another leg"
    assert _allowed(one, Place(2, "deploy"), draft, (one, other)), "a leg that is not there yet"


def test_a_mutator_changes_nothing_at_a_stage_that_is_not_its_own() -> None:
    one = Fake("one")
    assert not _allowed(one, Place(0, "deployed"), Draft.base(), (one,))
