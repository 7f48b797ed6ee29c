"""The document made again from the same evidence: a tick that the evidence does not give was not made by the
harness.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.checklist.document import Checklist, Item, State
from harness.checklist.findings import Finding
from harness.checklist.making import Sources, make
from harness.errors import HarnessError
from harness.verdict import Outcome

CLOSE = 1.0  # s; times went through JSON


def judged(checklist: Checklist, sources: Sources, directory: Path) -> Iterator[Finding]:
    """What the document says that its evidence does not."""
    try:
        fresh = make(sources, directory, checklist.made)
    except HarnessError as error:
        yield Finding(Outcome.UNKNOWN, "evidence", f"the evidence cannot be judged again: {error.what}")
        return
    was, now = ({item.key: item for item in one.items} for one in (checklist, fresh))
    for key in dict.fromkeys((*was, *now)):
        if key not in was or key not in now:
            where = "is not in the document" if key not in was else "is in the document, and nothing asks for it"
            yield Finding(Outcome.FAIL, "evidence", f"{key} {where}")
        elif said := _differs(was[key], now[key]):
            no_linter = now[key].state is State.UNKNOWN and "rollback-harness[checklist]" in now[key].why
            outcome = Outcome.UNKNOWN if no_linter else Outcome.FAIL
            yield Finding(outcome, "evidence", f"{key} {said}")
    for name in ("images", "runs", "suites", "stack"):
        if getattr(checklist, name) != getattr(fresh, name):
            yield Finding(Outcome.FAIL, "evidence", f"what the document says of {name} is not what they are")


def _differs(was: Item, now: Item) -> str:
    """What an item claims that the evidence does not give; empty where it claims no more."""
    expected = State.TICKED if was.tick is not None and now.state is State.OPEN else now.state
    if was.state in (State.TICKED, State.LEFT_OUT, State.OPEN) and was.state is not expected:
        return f"is {was.state}, and the evidence says {now.state}: {now.why}"
    for name in ("title", "who", "because", "source", "valid_for"):
        if getattr(was, name) != getattr(now, name):
            return f"has another {name} than the stack and its evidence give"
    begins = was.tick.time + now.valid_for if was.tick is not None else now.expires
    if was.expires is not None and (begins is None or was.expires > begins + CLOSE):
        return "is said to hold longer than its evidence does"
    return ""
