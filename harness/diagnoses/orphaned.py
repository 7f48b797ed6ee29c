"""A process outlives its parent, which was ended, and goes on serving: nothing else can take its place."""

from __future__ import annotations

from collections.abc import Iterable

from harness.diagnoses._case import Attempt, Case, Diagnosis, ids
from harness.diagnoses._kinds import STUCK
from harness.diagnoses._shared import follow
from harness.event import Event, of
from harness.events import ProbeReplica

CHECKS = ("release", "loaded", "answers", "convergence")
Told = Event[ProbeReplica]


def diagnose(case: Case) -> Diagnosis | None:
    """After an attempt that left another release than it should, a process that was there before it still holds a
    listening socket, and its parent of before is gone.
    """
    for attempt in (one for one in case.attempts if one.after.failing(*CHECKS)):
        found = [one for replica in attempt.after.releases if (one := _orphan(case, attempt, replica)) is not None]
        if found:
            (_, name, pid, parent, looks), *more = found
            return Diagnosis(
                f"{attempt.name} could not end {name} ({pid}) on {found[0][0]}: its parent ({parent}) ended, and the"
                " orphaned process goes on and holds its port, so that no other can take its place"
                + (f"; likewise on {', '.join(one[0] for one in more)}" if more else ""),
                STUCK,
                ids(attempt.ids, looks, *(one[-1] for one in more)),
                "how the release is ended: a signal to the parent alone does not end its children (a process group,"
                " or a parent that passes the signal on and waits)",
                follow(attempt),
            )
    return None


def _orphan(case: Case, attempt: Attempt, replica: str) -> tuple[str, str, int, int, tuple[Told, ...]] | None:
    """Replica, name, number and parent of a process that was orphaned by an attempt and serves, and what tells it."""
    looks = [event for event in of(case.events, ProbeReplica) if event.body.replica == replica]
    before = _last(event for event in looks if event.id < attempt.start.id)
    own = {event.id for event in attempt.after.events}
    after = _last(event for event in looks if event.id in own)
    serving = [event for event in looks if event.id in own and event.body.serving is not None]
    if before is None or after is None or not serving:
        return None
    old, new = ({(row[0], row[3]): row for row in event.body.rows or ()} for event in (before, after))
    there = {row[0] for row in new.values()}
    for key, row in new.items():
        was = old.get(key)
        if was and row[0] in (serving[-1].body.serving or ()) and row[1] != was[1] and was[1] not in there:
            return replica, row[2], row[0], was[1], (before, after, serving[-1])
    return None


def _last(looks: Iterable[Told]) -> Told | None:
    """The last look that told all processes."""
    return next((event for event in reversed(list(looks)) if event.body.rows is not None), None)
