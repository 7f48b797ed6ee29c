"""Server processes are started again though nothing is deployed."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import DEPLOYMENT, DESTROYED, SECOND
from harness.diagnoses._shared import failed_first, reason

CHECKS = ("restarts",)


def diagnose(case: Case) -> Diagnosis | None:
    """The check of restarts failed after an attempt."""
    for check in CHECKS:
        attempt = failed_first(case, check)
        if attempt is not None:
            verdicts = attempt.after.failing(*CHECKS)
            return Diagnosis(
                f"server processes are started again after {attempt.name}: {reason(attempt.after, check)}",
                DEPLOYMENT if attempt.verb == "deploy" else SECOND if attempt.number > 1 else DESTROYED,
                ids(attempt.ids, *(one.body.evidence for one in verdicts)),
                "who starts them again, and the last lines of their logs before that",
                ids(verdicts),
                certainty=2,
            )
    return None
