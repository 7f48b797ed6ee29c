"""Requests fail that did not fail before."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import DEPLOYMENT, UNKNOWN
from harness.diagnoses._shared import failed_first, reason


def diagnose(case: Case) -> Diagnosis | None:
    """The errors after an attempt are more than the budget allows; why is not concluded."""
    attempt = failed_first(case, "errors")
    if attempt is None:
        return None
    verdicts = attempt.after.failing("errors")
    return Diagnosis(
        f"requests fail after {attempt.name}: {reason(attempt.after, 'errors')}",
        UNKNOWN if attempt.verb == "rollback" else DEPLOYMENT,
        ids(*(one.body.evidence for one in verdicts)),
        "the log of who answered them, at the times that the report names",
        ids(verdicts),
        certainty=3,
    )
