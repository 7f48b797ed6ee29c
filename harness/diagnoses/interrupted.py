"""The service was not there while the deployer worked."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import DEPLOYMENT, UNKNOWN
from harness.diagnoses._shared import failed_first, reason


def diagnose(case: Case) -> Diagnosis | None:
    """Availability failed in the phase of an attempt."""
    attempt = failed_first(case, "availability")
    if attempt is None:
        return None
    verdicts, why = attempt.after.failing("availability"), reason(attempt.after, "availability")
    how = "causes an outage" if why.startswith("no ") else "disturbs the service"
    return Diagnosis(
        f"{attempt.name} {how}: {why}",
        UNKNOWN if attempt.verb == "rollback" else DEPLOYMENT,
        ids(attempt.ids, *(one.body.evidence for one in verdicts)),
        "how many replicas are out at a time, whether each is drained first, and what it is asked before it comes back",
        ids(verdicts),
        certainty=3,
    )
