"""Something grows, or is used, that was not in the baseline."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import DEPLOYMENT, SLOW
from harness.diagnoses._shared import failed_first, reason

CHECKS = ("growth", "resources")


def diagnose(case: Case) -> Diagnosis | None:
    """The checks of growth and of resources failed after an attempt."""
    for check in CHECKS:
        attempt = failed_first(case, check)
        if attempt is not None:
            verdicts = attempt.after.failing(*CHECKS)
            return Diagnosis(
                f"more is used after {attempt.name}: {reason(attempt.after, check)}",
                SLOW if attempt.verb == "rollback" else DEPLOYMENT,
                ids(attempt.ids, *(one.body.evidence for one in verdicts)),
                "what each request or job leaves behind: objects, files, connections, threads",
                ids(verdicts),
                certainty=3,
            )
    return None
