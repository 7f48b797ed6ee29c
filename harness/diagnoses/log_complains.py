"""A log has errors that were not there before."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids, names
from harness.diagnoses._complaints import complaints, said
from harness.diagnoses._kinds import DEPLOYMENT, UNKNOWN
from harness.diagnoses._shared import last_logs
from harness.event import of
from harness.events import ProbeLog


def diagnose(case: Case) -> Diagnosis | None:
    """The check of logs failed after an attempt, and a log has error lines; why is not concluded."""
    for attempt in case.attempts:
        bad = [one for one in of(attempt.after.events, ProbeLog) if one.body.errors and one.body.error_lines]
        if not bad or not attempt.after.failing("logs"):
            continue
        every = [replica for replica, _ in last_logs(attempt.after)]
        first = (complaints(case, attempt) or [(bad[0], bad[0].body.error_lines[0])])[0]
        return Diagnosis(
            f"{names([one.body.replica for one in bad], every)} logs errors after {attempt.name}: {said(first)}",
            UNKNOWN if attempt.verb == "rollback" else DEPLOYMENT,
            ids(attempt.ids, bad),
            "these lines in the log, and the request or job that they belong to",
            ids(attempt.after.failing("logs")),
            certainty=3,
        )
    return None
