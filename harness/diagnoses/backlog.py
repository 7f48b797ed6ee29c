"""Work piles up and does not drain."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import BACKLOG
from harness.diagnoses._shared import failed_first, reason


def diagnose(case: Case) -> Diagnosis | None:
    """The queue did not come back to its level, or an overload goes on without its cause."""
    for check in ("metastable", "queue"):
        attempt = failed_first(case, check)
        if attempt is not None:
            verdicts = attempt.after.failing("metastable", "queue")
            return Diagnosis(
                f"work piles up after {attempt.name}: {reason(attempt.after, check)}",
                BACKLOG,
                ids(*(one.body.evidence for one in verdicts)),
                "whether every worker runs, what each takes for a job, and who asks again for what waits",
                ids(verdicts),
                certainty=3,
            )
    return None
