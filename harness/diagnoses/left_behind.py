"""A rollback that says that it succeeded leaves a part of the fleet on the new release."""

from __future__ import annotations

from harness.diagnoses._case import Attempt, Case, Diagnosis, ids, names
from harness.diagnoses._kinds import PART
from harness.diagnoses._shared import follow, of_these


def diagnose(case: Case) -> Diagnosis | None:
    """Some replicas run the old release after a rollback, and others the new one."""
    left = [(attempt, found) for attempt in case.rollbacks if (found := _left(case, attempt))]
    if not left:
        return None
    attempt, first = left[0]
    return Diagnosis(
        f"{names(first)} {'was' if len(first) == 1 else 'were'} left on {case.new} by {attempt.name}",
        PART,
        ids(attempt.ids, (attempt.after.releases[name] for name in first)),
        f"what the deployer did for {names(first)}, and what it did not do: its output, its list of replicas",
        ids(*(of_these(case, one, follow(one), first) for one, found in left if set(found) <= set(first))),
    )


def _left(case: Case, attempt: Attempt) -> tuple[str, ...]:
    """Who was left; nobody where the rollback says itself that it failed, or where it moved nobody."""
    now = attempt.after.releases
    new = tuple(name for name, event in now.items() if event.body.release == case.new)
    old = [name for name, event in now.items() if event.body.release == case.old]
    return new if attempt.well and old and case.new != case.old else ()
