"""Work has other effects than once each."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis
from harness.diagnoses._kinds import QUEUE
from harness.diagnoses._shared import after_attempt

CHECKS = ("effects",)


def diagnose(case: Case) -> Diagnosis | None:
    """The check of effects failed after an attempt."""
    return after_attempt(
        case,
        CHECKS,
        "work was not done once each after {attempt}",
        lambda _: QUEUE,
        "who takes a job again that was done: another format, another key, a time-out that is too short",
    )
