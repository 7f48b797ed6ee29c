"""Items that the stack declares: people's own, some for a person to tick."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from harness.checklist.document import Item, State
from harness.stack import Stack


def items(stack: Stack) -> list[Item]:
    """The items of `x-harness: checklist`, as they stand before anybody has ticked one."""
    declared = stack.harness.checklist
    made = []
    for key, one in declared.items.items():
        valid_for = one.valid_for if one.valid_for is not None else declared.valid_for
        state, why = State.UNKNOWN, f"no test vouches for it: mark one with pytest.mark.vouches({key!r})"
        if one.who:
            state, why = State.OPEN, f"{one.who} has not said so yet"
        made.append(Item(key, "stack", one.title, state, why, one.who or "", one.why, valid_for=valid_for))
    return made


def left_out(stack: Stack, found: Iterable[Item]) -> list[Item]:
    """The items with those left out that do not concern the stack. What failed concerns it."""
    reasons = stack.harness.checklist.leave_out
    return [
        msgspec.structs.replace(one, state=State.LEFT_OUT, why=reasons[one.key], who="", expires=None)
        if one.key in reasons and one.state is not State.FAILED
        else one
        for one in found
    ]
