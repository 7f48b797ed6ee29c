"""Canaries: requests that must be found in the log of the replica that answered them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.checks._evidence import Findings, counted, listed
from harness.checks._log_words import clock
from harness.checks._witness import WitnessedStalls
from harness.events import ProbeLog
from harness.history import Event
from harness.samples import CANARY, OK, Samples

ALONE = 1.5  # times its length that a stall explains: who answers a request writes the record, too
LOOK = 0.5  # s between two looks of the follower, where the history does not say that it was longer


class Expected(Protocol):
    """The log in which canaries are expected."""

    @property
    def replica(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def canary_within(self) -> float | None:
        """Seconds after the answer; None: this log has no canaries."""


@dataclass(frozen=True, slots=True)
class Canary:
    """One that was answered. Times in Unix seconds; `server` is empty where it is not known who answered."""

    key: str
    sent: float
    answered: float
    server: str


def answered(samples: Samples, environment: str) -> Iterator[Canary]:
    """The canaries that were answered as they should be."""
    for stream in samples.of(environment):
        flags = stream.records["flags"]
        for row in stream.records[(flags & (CANARY | OK)) == (CANARY | OK)]:
            begun = stream.began + float(row["intended"])
            yield Canary(
                f"{stream.key}-{int(row['n'])}",
                begun + float(row["sent"]),
                begun + float(row["latency"]),
                stream.servers.get(int(row["server"]), ""),
            )


def judge(
    findings: Findings,
    logs: Collection[Expected],
    watched: Mapping[tuple[str, str], Sequence[Event[ProbeLog]]],
    samples: Samples | None,
    witness: WitnessedStalls,
) -> None:
    """Hold the canaries against the logs. One that was sent before the watch, or could still come, is left out.

    A record came at the earliest right after the last look that did not find it. What came late, or not at all, while
    the machine stood still proves nothing.
    """
    wanted = [log for log in logs if log.canary_within is not None]
    if not wanted:
        return
    if samples is None:
        findings.missing("canaries are declared, and there are no samples to tell which were answered")
        return
    windows = {(log.replica, log.path): _Window(log, watched.get((log.replica, log.path), ())) for log in wanted}
    environments = {event.environment or "" for events in watched.values() for event in events}
    problems = [stream.problem for name in environments for stream in samples.of(name) if stream.problem]
    judged = False
    for canary in (one for name in sorted(environments) for one in answered(samples, name)):
        named = [one for one in windows.values() if one.log.replica == canary.server]
        if canary.server and not named:
            continue  # answered by somebody who has no such log
        judged |= _one(findings, canary, named or list(windows.values()), witness, known=bool(named))
    if problems:
        findings.missing(f"not all samples are there, so canaries may be missing: {problems[0]}")
    elif not judged:
        findings.missing("no canary was answered while the logs were watched long enough to see its record")


class _Window:
    """One log, as it was watched."""

    def __init__(self, log: Expected, events: Sequence[Event[ProbeLog]]) -> None:
        self.log, self.events = log, events
        self.began = min((event.time - event.body.seconds for event in events), default=0.0)
        self.ended = max((event.time for event in events), default=0.0)
        asked = [event.body.looked for event in events if event.body.looked is not None]
        # A look may take longer than usual: what came while it was under way may not have been seen.
        self.seen = min(self.ended, max(asked)) if asked else self.ended - LOOK
        self.keys: dict[str, float] = {}  # when its record came, at the earliest
        for event in events:
            looks = event.body.canary_looks
            for key, time in event.body.canaries.items():
                self.keys.setdefault(key, time - looks.get(key, LOOK))
        self.whole = all(
            event.body.state is not None
            and not event.body.error
            and not event.body.losses
            and not event.body.unread_parts
            and not event.body.canaries_full
            for event in events
        )

    @property
    def within(self) -> float:
        return self.log.canary_within or 0.0

    def due(self, canary: Canary) -> bool:
        """Whether its record should have been seen here."""
        return bool(self.events) and canary.sent >= self.began and canary.answered + self.within <= self.seen


def _one(findings: Findings, canary: Canary, windows: list[_Window], witness: WitnessedStalls, *, known: bool) -> bool:
    """Judge one canary; whether it could be."""

    def stall(window: _Window, late: float) -> str:
        """What explains it, by the history's axis."""
        last = window.events[-1]
        begin = last.since_start - (last.time - canary.answered)
        return witness.explains(begin, begin + max(late, window.within), late, window.within, chain=ALONE)

    found = [(window.keys[canary.key], window) for window in windows if canary.key in window.keys]
    said = (
        f"canary {canary.key}, answered by {canary.server or 'a replica that is not known'} at {clock(canary.answered)}"
    )
    if found:
        seen, window = min(found, key=lambda one: one[0])
        late = seen - canary.answered
        if late > window.within:
            words = f"{said}, came into its log {late:.1f} s later at the earliest"
            findings.timed(words, stall(window, late), *window.events)
        return True
    if not all(window.due(canary) for window in windows):
        return False
    events = [event for window in windows for event in window.events]
    paths = listed(dict.fromkeys(window.log.path for window in windows))
    where = f"its log ({paths})" if known else f"any of {counted(len(windows), 'log')}"
    if all(window.whole for window in windows):
        lasting = min(window.ended - canary.answered for window in windows)
        words = f"{said}, is not in {where} after {windows[0].within:g} s"
        findings.timed(words, stall(windows[0], lasting), *events)
    else:
        findings.missing(f"{said}, is not in {where}, of which not everything could be read")
    return True
