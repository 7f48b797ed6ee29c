"""Work has other effects than once each."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import QUEUE
from harness.diagnoses._shared import failed_first, reason

CHECKS = ("effects",)


def diagnose(case: Case) -> Diagnosis | None:
    """The check of effects failed after an attempt."""
    for check in CHECKS:
        attempt = failed_first(case, check)
        if attempt is not None:
            verdicts = attempt.after.failing(*CHECKS)
            return Diagnosis(
                f"work was not done once each after {attempt.name}: {reason(attempt.after, check)}",
                QUEUE,
                ids(attempt.ids, *(one.body.evidence for one in verdicts)),
                "who takes a job again that was done: another format, another key, a time-out that is too short",
                ids(verdicts),
                certainty=2,
            )
    return None
