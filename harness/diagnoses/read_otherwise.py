"""What was acknowledged is not read as it was written."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import RECORDS
from harness.diagnoses._shared import failed_first, reason

CHECKS = ("reads",)


def diagnose(case: Case) -> Diagnosis | None:
    """The check of reads failed after an attempt."""
    for check in CHECKS:
        attempt = failed_first(case, check)
        if attempt is not None:
            verdicts = attempt.after.failing(*CHECKS)
            return Diagnosis(
                f"what was acknowledged is not read as it was written after {attempt.name}: "
                + reason(attempt.after, check),
                RECORDS,
                ids(attempt.ids, *(one.body.evidence for one in verdicts)),
                "what the two releases write and read differently: a unit, a state, a name, a format",
                ids(verdicts),
                certainty=2,
            )
    return None
