"""A rollback goes to a release that is neither the one before nor the one that was deployed."""

from __future__ import annotations

from harness.diagnoses._case import Attempt, Case, Diagnosis, ids, names
from harness.diagnoses._kinds import PREVIOUS
from harness.diagnoses._shared import follow
from harness.event import of
from harness.events import ProbeRegistry

LOOK = "where the deployer reads which release is the previous one: a stale row, the newest directory"


def diagnose(case: Case) -> Diagnosis | None:
    """After a first rollback a replica runs a third release; or the rollback failed, and the registry names one."""
    for attempt in case.rollbacks:
        if attempt.number == 1 and not attempt.well and (found := _wanted(case, attempt)) is not None:
            return found
        now = attempt.after.releases
        third = {name: one for name, one in now.items() if one.body.release not in (None, case.old, case.new)}
        if not third or not case.old or attempt.number > 1:
            continue
        targets = " and ".join(sorted({one.body.release or "" for one in third.values()}))
        who = "" if set(third) == set(now) else f" on {names(tuple(third), tuple(now))}"
        return Diagnosis(
            f"{attempt.name} went to {targets}{who}, not to {case.old}",
            PREVIOUS,
            ids(attempt.ids, third.values()),
            LOOK,
            follow(attempt),
        )
    return None


def _wanted(case: Case, attempt: Attempt) -> Diagnosis | None:
    """What the failed rollback was for, as the registry has it."""
    said = [one for one in of(attempt.after.events, ProbeRegistry) if one.body.release is not None]
    if not said or not case.old or said[-1].body.release in (case.old, case.new):
        return None
    return Diagnosis(
        f"{attempt.name} took {said[-1].body.release} for the previous release, not {case.old}, and failed; it "
        + attempt.ended,
        PREVIOUS,
        ids(attempt.ids, said[-1:]),
        LOOK,
        follow(attempt),
    )
