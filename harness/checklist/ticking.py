"""A person ticks an item that waits for a person: who, why and when."""

from __future__ import annotations

import msgspec

from harness.checklist.document import Checklist, Evidence, State, Tick
from harness.checklist.signing import in_time, named, no_such_item
from harness.errors import UsageError


def tick(checklist: Checklist, key: str, name: str, why: str, now: float) -> Checklist:
    """The document with one item ticked. Signatures of the item as it was no longer cover it.

    Args:
        now: Unix time.

    Raises:
        UsageError: there is no such item, or it is not for a person to tick.
        NotMeasured: the clock is before the document.
    """
    in_time(checklist, now)
    item = next((one for one in checklist.items if one.key == key), None)
    if item is None:
        raise no_such_item(checklist, key)
    if item.state is not State.OPEN:
        raise UsageError(
            "This item is not for a person to tick", where=key, got=f"{item.state}: {item.why}",
            expected="an open item",
            hint=_HINTS.get(item.state, "make the checklist again"),
        )  # fmt: skip
    if not why.strip() or not why.strip().isprintable() or len(why) > 500:
        raise UsageError("A tick needs a reason", where="--why", got=repr(why)[:100], expected="a sentence on one line")
    made = Tick(named(name), why.strip(), now)
    ticked = msgspec.structs.replace(
        item,
        state=State.TICKED,
        why=f"{item.why} - {made.why}" if item.source == "releases" else made.why,
        tick=made,
        evidence=(*item.evidence, Evidence("person", made.why, made.by, now)),
        expires=now + item.valid_for if item.valid_for else None,
    )
    return msgspec.structs.replace(checklist, items=tuple(ticked if one is item else one for one in checklist.items))


_HINTS = {
    State.UNKNOWN: "an unknown item is ticked by evidence: get it, and make the checklist again",
    State.FAILED: "correct what failed, and make the checklist again",
    State.TICKED: "make the checklist again to take a tick back",
    State.LEFT_OUT: "take it out of `checklist: leave_out` in the stack",
}
