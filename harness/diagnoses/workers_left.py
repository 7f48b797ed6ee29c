"""A process of the new release goes on beside the old one."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import WORKERS
from harness.diagnoses._shared import back, told


def diagnose(case: Case) -> Diagnosis | None:
    """After a rollback there is a process that was not there before the deployment."""
    for attempt in case.rollbacks:
        if not back(case, attempt):
            continue
        for verdict, differences in case.differences(attempt.after, "trace").items():
            more = [one for one in differences if one.part == "processes" and _times(one.after) > _times(one.before)]
            if more:
                return Diagnosis(
                    f"the release is back on {case.old}, and not every process with it: {told(more)}",
                    WORKERS,
                    ids(attempt.ids, [verdict]),
                    "who starts and stops this process, and whether the rollback tells it",
                    (verdict,),
                )
    return None


def _times(found: object) -> int:
    """How often a process runs."""
    return found if isinstance(found, int) else 0
