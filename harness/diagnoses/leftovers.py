"""A rollback leaves things behind."""

from __future__ import annotations

from harness.checks._evidence import counted
from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import CACHE, LEFT, QUEUE, RECORDS
from harness.diagnoses._shared import back, told

KINDS = {"keys": CACHE, "values": CACHE, "queues": QUEUE, "tables": RECORDS, "contents": RECORDS}  # by part


def diagnose(case: Case) -> Diagnosis | None:
    """Every replica runs the old release after a rollback, and the fingerprint is not that of before."""
    for attempt in case.rollbacks:
        if not back(case, attempt):
            continue
        for verdict, differences in case.differences(attempt.after, "trace").items():
            if not differences:
                continue
            kinds = {KINDS.get(one.part, LEFT) for one in differences}
            new = all(one.before is None for one in differences)
            what = "left behind" if new else "not as before the deployment"
            verb = "is" if len(differences) == 1 else "are"
            return Diagnosis(
                f"{counted(len(differences), 'thing')} {verb} {what} after {attempt.name}: {told(differences)}",
                kinds.pop() if len(kinds) == 1 else LEFT,
                ids(attempt.ids, [verdict]),
                "whether the rollback should have undone it; what is meant to stay is declared (state: allow)",
                (verdict,),
                certainty=2,
            )
    return None
