"""A container ends again and again: it is started each time, and does not stay up."""

from __future__ import annotations

from collections import Counter

from harness.diagnoses._case import Case, Diagnosis, ids, names
from harness.diagnoses._kinds import DEPLOYMENT, DESTROYED
from harness.event import of
from harness.events import ContainerChange

TIMES = 2  # ends of one container after one attempt, from which on it does not stay up


def diagnose(case: Case) -> Diagnosis | None:
    """A container that nobody replaced ended at least twice after an attempt of the deployer."""
    for attempt in case.attempts:
        ends = [one for one in of(attempt.after.events, ContainerChange) if one.body.action == "die"]
        ends = [one for one in ends if not one.body.replaced]
        often = [name for name, times in Counter(one.body.replica for one in ends).items() if times >= TIMES]
        if not often:
            continue
        times = sum(one.body.replica in often for one in ends)
        return Diagnosis(
            f"{names(often)} {'does' if len(often) == 1 else 'do'} not stay up after {attempt.name}: {times} ends",
            DESTROYED if attempt.verb == "rollback" else DEPLOYMENT,
            ids(attempt.ids, (one for one in ends if one.body.replica in often)),
            f"the last lines of the log of {names(often)} before each end",
            ids(attempt.after.failing("containers", "health", "release")),
        )
    return None
