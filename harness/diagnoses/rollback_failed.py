"""The rollback failed by its own account."""

from __future__ import annotations

from harness.diagnoses._case import Attempt, Case, Diagnosis, ids, names
from harness.diagnoses._kinds import STUCK
from harness.diagnoses._shared import follow


def diagnose(case: Case) -> Diagnosis | None:
    """The first rollback ended with another exit code than 0, or ran into its timeout."""
    for attempt in case.rollbacks:
        if attempt.nth > 1 or attempt.well or attempt.stopped or attempt.end is None:
            continue
        return Diagnosis(
            f"{attempt.name} failed and left {_fleet(case, attempt)}; it {attempt.ended}",
            STUCK,
            ids(attempt.ids, attempt.after.releases.values()),
            "the deployer's output up to its last words",
            follow(attempt),
            certainty=2,
        )
    return None


def _fleet(case: Case, attempt: Attempt) -> str:
    """On what it left the fleet."""
    now = {name: event.body.release for name, event in attempt.after.releases.items()}
    if not now or None in now.values():
        return "a fleet of which not every release is known"
    others = tuple(name for name, release in now.items() if release != case.old)
    if not others:
        return f"every replica on {case.old}"
    return f"{names(others, tuple(now))} on {' and '.join(sorted({now[name] or '' for name in others}))}"
