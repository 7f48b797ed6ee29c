"""A log is written all the time, and does not have every request that was answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from harness.diagnoses._case import Attempt, Case, Diagnosis, Stage, ids, names
from harness.diagnoses._kinds import LOGS
from harness.diagnoses._shared import windows
from harness.event import Event, of
from harness.events import ProbeLog

FEWER = 0.9  # times the records that a request had before; a log is watched a little longer than the load lasts
LEAST = 20  # records that have to be missing by that: fewer may have come when the watch was over
Log = tuple[str, str]  # replica, path


def diagnose(case: Case) -> Diagnosis | None:
    """The check of logs failed after an attempt, and a log that goes on has the keys of fewer of the answered requests
    than it had before the first deployment.
    """
    usual = _shares(case.before)
    for attempt in case.attempts:
        if not attempt.after.failing("logs"):
            continue
        own = attempt.start.phase
        now = _shares(attempt.after, own)
        thin = {
            log: (found, answered)
            for log, (found, answered) in now.items()
            if log in usual and found and _expected(usual[log], answered) - found >= LEAST
            and found < FEWER * _expected(usual[log], answered)
        }  # fmt: skip
        if thin:
            return _said(attempt, thin, usual, now)
    return None


def _said(
    attempt: Attempt, thin: dict[Log, tuple[int, int]], usual: dict[Log, tuple[int, int]], every: Iterable[Log]
) -> Diagnosis:
    answered = sum(count for _, count in thin.values())
    share = sum(found for found, _ in thin.values()) / answered
    before = sum(_expected(usual[log], count) for log, (_, count) in thin.items()) / answered
    path = next(iter(thin))[1]
    who = names([replica for replica, one in thin if one == path], [replica for replica, one in every if one == path])
    events = [one for one in _watched(attempt.after, attempt.start.phase) if (one.body.replica, one.body.path) in thin]
    return Diagnosis(
        f"{path} of {who} loses records after {attempt.name}: it is written, and has {share:.0%} of the requests that"
        f" were answered, {before:.0%} before",
        LOGS,
        ids(attempt.ids, events, windows(attempt.after)),
        "what comes between the program and its log: a sampling rate, a filter, a queue that is full, a second writer",
        ids(attempt.after.failing("logs")),
    )


def _shares(stage: Stage, without: str | None = None) -> dict[Log, tuple[int, int]]:
    """How many keys of requests each log had, and how many requests its replica answered meanwhile; of the phases in
    which both are known, but for that of the deployer's work, in which two releases write.
    """
    answered: Counter[tuple[str | None, str]] = Counter()
    for load in windows(stage):
        answered.update({(load.phase, name): count for name, count in load.body.served_by.items()})
    found: dict[Log, tuple[int, int]] = {}
    told: set[tuple[str | None, str, str]] = set()
    for event in _watched(stage, without):
        phase, body = event.phase, event.body
        if not answered[phase, body.replica]:
            continue
        keys, count = found.get((body.replica, body.path), (0, 0))
        again = (phase, body.replica, body.path) in told  # a phase in several pieces: its answers count once
        found[body.replica, body.path] = (
            keys + len(body.canaries), count + (0 if again else answered[phase, body.replica])
        )  # fmt: skip
        told.add((phase, body.replica, body.path))
    return found


def _watched(stage: Stage, without: str | None) -> list[Event[ProbeLog]]:
    """The reports on logs of which everything could be read."""
    return [
        one
        for one in of(stage.events, ProbeLog)
        if one.phase != without and not (one.body.error or one.body.canaries_full or one.body.losses)
    ]


def _expected(usual: tuple[int, int], answered: int) -> float:
    keys, before = usual
    return answered * min(1.0, keys / before) if before else 0.0
