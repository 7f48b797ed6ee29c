"""A release that cannot be taken back was taken back, or something was changed before that was refused."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import ONE_WAY
from harness.diagnoses._shared import failed_first, reason


def diagnose(case: Case) -> Diagnosis | None:
    """The check of the one-way door failed."""
    attempt = failed_first(case, "one-way")
    if attempt is None:
        return None
    verdicts = attempt.after.failing("one-way")
    return Diagnosis(
        f"{case.new} cannot be taken back, and {attempt.name} was not refused as it must be: "
        + reason(attempt.after, "one-way"),
        ONE_WAY,
        ids(attempt.ids, *(one.body.evidence for one in verdicts)),
        f"how the deployer comes to know that {case.new} cannot be taken back",
        ids(verdicts),
    )
