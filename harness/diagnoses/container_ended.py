"""A container ended, restarted, or ran out of memory."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import DEPLOYMENT, UNKNOWN
from harness.diagnoses._shared import failed_first, reason


def diagnose(case: Case) -> Diagnosis | None:
    """The check of containers failed after an attempt; why is not concluded."""
    attempt = failed_first(case, "containers")
    if attempt is None:
        return None
    verdicts = attempt.after.failing("containers")
    return Diagnosis(
        f"a container did not stay as it was after {attempt.name}: {reason(attempt.after, 'containers')}",
        UNKNOWN if attempt.verb == "rollback" else DEPLOYMENT,
        ids(*(one.body.evidence for one in verdicts)),
        "the last lines of its log, its memory and its limits",
        ids(verdicts),
        certainty=3,
    )
