"""What every form of the document says in the same words: counts, times, rows. Text only, nothing of markup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from harness.checklist.document import Checklist, Item, State
from harness.checklist.signing import fingerprint
from harness.plan.inputs import count, digest_of

SIGNS = {State.TICKED: "☑", State.OPEN: "☐", State.FAILED: "✗", State.UNKNOWN: "?", State.LEFT_OUT: "-"}
SOURCES = (
    ("suites", "Verified by the gate and by tests"),
    ("stack", "The team's own items"),
    ("releases", "What differs between the releases"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """An item as it is shown.

    Attributes:
        state: as it counts at the time of showing: an expired tick is none.
        by: who ticks it, or what did.
    """

    item: Item
    state: str
    sign: str
    why: str
    by: str
    until: str


def when(seconds: float | None) -> str:
    """A time for people, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC") if seconds is not None else ""


def day(seconds: float | None) -> str:
    """A time in short."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%m-%d %H:%M") if seconds is not None else ""


def rows(checklist: Checklist, source: str) -> list[Row]:
    """The items of one source, in the order of the document."""
    return [_row(one) for one in checklist.items if one.source == source]


def _row(item: Item) -> Row:
    by = item.who
    if item.tick is not None:
        by = f"{item.tick.by}, {day(item.tick.time)}"
    elif not by:
        by = ", ".join(
            dict.fromkeys(_named(kind, name) for one in item.evidence for kind, name in [(one.kind, one.name)])
        )
    return Row(item, str(item.state), SIGNS[item.state], item.why, by, day(item.expires))


def _named(kind: str, name: str) -> str:
    if kind == "test":
        return "tests"
    return {"files": "the stack's files", "file": "its file", "linter": name}.get(kind, f"{kind} {name}".strip())


def standing(checklist: Checklist) -> str:
    """`18 of 20 ticked, 1 open, 1 unknown; 1 left out`."""
    asked = [one for one in checklist.items if one.state is not State.LEFT_OUT]
    parts = [f"{len(checklist.of(State.TICKED))} of {len(asked)} ticked"]
    parts += [
        f"{len(found)} {state}" for state in (State.FAILED, State.OPEN, State.UNKNOWN) if (found := checklist.of(state))
    ]
    left = len(checklist.of(State.LEFT_OUT))
    return ", ".join(parts) + (f"; {left} left out" if left else "")


def complete(checklist: Checklist) -> bool:
    """Whether every item that is asked is ticked, and there is one."""
    return bool(checklist.of(State.TICKED)) and not any(
        checklist.of(state) for state in (State.OPEN, State.FAILED, State.UNKNOWN)
    )


def rests_on(checklist: Checklist) -> list[tuple[str, str]]:
    """What it vouches for, by digest: name and value, a line each. The JSON has every file by itself."""
    found = [
        (f"run {one.name}", f"{one.outcome}, ended {when(one.ended)}, sha256 {one.sha256[:16]}")
        for one in checklist.runs
    ]
    found += [
        ("tests", f"{one.tests} tests, ended {when(one.time)}, sha256 {one.sha256[:16]}") for one in checklist.suites
    ]
    found.append(("stack", f"{count(checklist.files)} files, sha256 {digest_of(checklist.files)[:16]}"))
    images = [f"{one.service} {one.digest.removeprefix('sha256:')[:12]}" for one in checklist.images]
    found.append(("images", ", ".join(images) or "none was seen by a run"))
    return found


def signed(checklist: Checklist) -> list[tuple[str, str]]:
    """Who says to have signed what: name, and the rest. Whether it is so, `harness checklist verify` says."""
    return [
        (one.by, f"{len(one.items)} of {len(checklist.items)} items, {when(one.time)}, key {fingerprint(one.key)}")
        for one in checklist.signatures
    ]
