"""What was acknowledged is not read as it was written."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis
from harness.diagnoses._kinds import RECORDS
from harness.diagnoses._shared import after_attempt

CHECKS = ("reads",)


def diagnose(case: Case) -> Diagnosis | None:
    """The check of reads failed after an attempt."""
    return after_attempt(
        case,
        CHECKS,
        "what was acknowledged is not read as it was written after {attempt}",
        lambda _: RECORDS,
        "what the two releases write and read differently: a unit, a state, a name, a format",
    )
