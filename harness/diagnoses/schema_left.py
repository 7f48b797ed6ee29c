"""The code goes back, the schema does not; or the way back takes away what was there before."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import LOST, SCHEMA
from harness.diagnoses._shared import back, told

PARTS = ("schema", "migrations")


def diagnose(case: Case) -> Diagnosis | None:
    """The schema after a rollback is not the one before the deployment."""
    for attempt in case.rollbacks:
        if not back(case, attempt):
            continue
        for verdict, differences in case.differences(attempt.after, "trace").items():
            mine = [one for one in differences if one.part in PARTS]
            gone = [one for one in mine if one.after is None]
            if not mine:
                continue
            said = (
                f"the rollback took away what was there before the deployment: {told(gone)}"
                if gone
                else f"the code is back on {case.old}, the schema is not: {told(mine)}"
            )
            return Diagnosis(
                said,
                LOST if gone else SCHEMA,
                ids(attempt.ids, [verdict]),
                "the way down of the migration, and whether the old release can work with what stays",
                (verdict, *ids(attempt.after.failing("convergence"))),
            )
    return None
