"""Something grows, or is used, that was not in the baseline."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis
from harness.diagnoses._kinds import DEPLOYMENT, SLOW
from harness.diagnoses._shared import after_attempt

CHECKS = ("growth", "resources")


def diagnose(case: Case) -> Diagnosis | None:
    """The checks of growth and of resources failed after an attempt."""
    return after_attempt(
        case,
        CHECKS,
        "more is used after {attempt}",
        lambda attempt: SLOW if attempt.verb == "rollback" else DEPLOYMENT,
        "what each request or job leaves behind: objects, files, connections, threads",
        certainty=3,
    )
