"""Server processes are started again though nothing is deployed."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis
from harness.diagnoses._kinds import DEPLOYMENT, DESTROYED, SECOND
from harness.diagnoses._shared import after_attempt

CHECKS = ("restarts",)


def diagnose(case: Case) -> Diagnosis | None:
    """The check of restarts failed after an attempt."""
    return after_attempt(
        case,
        CHECKS,
        "server processes are started again after {attempt}",
        lambda attempt: DEPLOYMENT if attempt.verb == "deploy" else SECOND if attempt.number > 1 else DESTROYED,
        "who starts them again, and the last lines of their logs before that",
    )
