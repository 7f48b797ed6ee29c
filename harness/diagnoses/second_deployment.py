"""Deploying again does not come to what deploying came to."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import SECOND
from harness.diagnoses._shared import told


def diagnose(case: Case) -> Diagnosis | None:
    """The fingerprint after the second deployment differs from that after the first."""
    for attempt in case.deployments:
        for verdict, differences in case.differences(attempt.after, "second-deployment").items():
            if differences:
                return Diagnosis(
                    f"{attempt.name} does not come to what the first one came to: {told(differences)}",
                    SECOND,
                    ids(attempt.ids, [verdict]),
                    "what the rollback between the two left behind or took away",
                    (verdict,),
                    certainty=2,
                )
    return None
