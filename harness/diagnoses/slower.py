"""The service is slower than it was."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import DEPLOYMENT, SLOW
from harness.diagnoses._shared import failed_first, reason


def diagnose(case: Case) -> Diagnosis | None:
    """Performance is not as in the baseline after an attempt."""
    for check in ("recovery", "performance"):
        attempt = failed_first(case, check)
        if attempt is not None:
            verdicts = attempt.after.failing("recovery", "performance")
            return Diagnosis(
                f"the service is not as fast after {attempt.name} as before: {reason(attempt.after, check)}",
                SLOW if attempt.verb == "rollback" else DEPLOYMENT,
                ids(*(one.body.evidence for one in verdicts)),
                "what a request waits for: caches that are cold or never hit, connections, workers, statistics",
                ids(verdicts),
                certainty=3,
            )
    return None
