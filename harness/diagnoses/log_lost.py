"""A log that was written before is not written any more."""

from __future__ import annotations

from collections.abc import Mapping

from harness.diagnoses._case import Attempt, Case, Diagnosis, ids, names
from harness.diagnoses._kinds import LOGS
from harness.diagnoses._shared import answers, last_logs
from harness.event import Event
from harness.events import ProbeLog


def diagnose(case: Case) -> Diagnosis | None:
    """A log had records before the first deployment and has none after an attempt, though its replica works."""
    was = last_logs(case.before)
    for attempt in case.attempts:
        if not attempt.after.failing("logs"):
            continue
        served, now = answers(attempt.after), last_logs(attempt.after)
        silent = {
            where: one
            for where, one in now.items()
            if where in was and was[where].body.records and not one.body.records and not one.body.error
            and (not served or served[where[0]] or where[0] not in answers(case.before))
        }  # fmt: skip
        if silent:
            return _said(attempt, silent, now)
    return None


def _said(
    attempt: Attempt,
    silent: Mapping[tuple[str, str], Event[ProbeLog]],
    now: Mapping[tuple[str, str], Event[ProbeLog]],
) -> Diagnosis:
    paths = list(dict.fromkeys(path for _, path in silent))
    who = names([replica for replica, _ in silent], [replica for replica, path in now if path in paths])
    first = next(iter(silent.values())).body
    how = (
        ": it is written to a file that the path does not name any more"
        if first.writers or first.elsewhere
        else f": the file is {first.state}"
        if first.state in ("deleted", "missing")
        else ""
    )
    return Diagnosis(
        f"{paths[0]} of {who} is not written any more after {attempt.name}{how}",
        LOGS,
        ids(attempt.ids, silent.values()),
        "whether the program opens its log again, its level, the file's owner and mode, and the disk",
        ids(attempt.after.failing("logs")),
    )
