"""What runs is not what was put there: processes of the release before, or their answers."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import DEPLOYMENT, PART
from harness.diagnoses._shared import failed_first, reason

CHECKS = ("loaded", "answers")


def diagnose(case: Case) -> Diagnosis | None:
    """The checks of processes and of answers failed after an attempt."""
    for check in CHECKS:
        attempt = failed_first(case, check)
        if attempt is not None:
            verdicts = attempt.after.failing(*CHECKS)
            return Diagnosis(
                f"what runs is not what was put there by {attempt.name}: {reason(attempt.after, check)}",
                PART if attempt.verb == "rollback" else DEPLOYMENT,
                ids(attempt.ids, *(one.body.evidence for one in verdicts)),
                "which processes the deployer starts again, and which it forgets",
                ids(verdicts),
                certainty=2,
            )
    return None
