"""Replicas are not healthy."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import DEPLOYMENT, UNKNOWN
from harness.diagnoses._shared import failed_first, reason


def diagnose(case: Case) -> Diagnosis | None:
    """The check of health failed after an attempt; why is not concluded."""
    attempt = failed_first(case, "health")
    if attempt is None:
        return None
    verdicts = attempt.after.failing("health")
    return Diagnosis(
        f"not every replica is healthy after {attempt.name}: {reason(attempt.after, 'health')}",
        UNKNOWN if attempt.verb == "rollback" else DEPLOYMENT,
        ids(*(one.body.evidence for one in verdicts)),
        "the health check's own output, and the log of who is not healthy",
        ids(verdicts),
        certainty=3,
    )
