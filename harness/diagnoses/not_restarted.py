"""What runs is not what was put there: processes of the release before, or their answers."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis
from harness.diagnoses._kinds import DEPLOYMENT, PART
from harness.diagnoses._shared import after_attempt

CHECKS = ("loaded", "answers")


def diagnose(case: Case) -> Diagnosis | None:
    """The checks of processes and of answers failed after an attempt."""
    return after_attempt(
        case,
        CHECKS,
        "what runs is not what was put there by {attempt}",
        lambda attempt: PART if attempt.verb == "rollback" else DEPLOYMENT,
        "which processes the deployer starts again, and which it forgets",
    )
