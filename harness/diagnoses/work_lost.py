"""Acknowledged work is gone, or was done twice."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import LOST
from harness.diagnoses._shared import failed_first, reason


def diagnose(case: Case) -> Diagnosis | None:
    """The check of acknowledged work failed; since which attempt is what this adds."""
    attempt = failed_first(case, "acknowledged")
    if attempt is None:
        return None
    verdicts = attempt.after.failing("acknowledged")
    return Diagnosis(
        f"acknowledged work is not there as it should be since {attempt.name}: {reason(attempt.after, 'acknowledged')}",
        LOST,
        ids(attempt.ids, *(one.body.evidence for one in verdicts)),
        "what holds work that is not done yet when a process is stopped, and what a migration drops",
        ids(verdicts),
    )
