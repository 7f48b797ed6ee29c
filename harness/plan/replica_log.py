"""`replica.log(path)`: what a test can claim about a log file of a replica.

    log = environment["backend"][0].log("/var/log/backend/backend.log")
    assert log.advances(within=2)
    assert log.since(step).has_no(r"ERROR|Traceback")

Each claim gives a verdict, which is true only for a pass. A replica that cannot be asked raises.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.checks.logs import explained
from harness.errors import EngineError, HostError, UsageError
from harness.events import ProbeLog
from harness.history import Event, History
from harness.probes.logs import STREAMS, LogFollower, OutputFollower, PatternFollower
from harness.stack import Log
from harness.stack.patterns import is_pattern
from harness.verdict import Outcome, Verdict
from harness.waiting import poll

if TYPE_CHECKING:
    from harness.environment import Replica

NAME = "log"
RECORDS, BYTES = 20_000, 8 << 20  # that are kept of each log
MAX_PLACES = 10_000  # moments to which `since` can go back
POLL_EVERY = 0.1  # s
MAX_LOOKS = 64  # looks, until all that is there is read
MAX_QUOTED = 160  # characters of a line that a reason quotes


class Followed:
    """One log of one replica, followed from now on, with its latest records. Safe to use from several threads.

    Attributes:
        view: for claims; what it sees is kept.
        phases: the view for those who watch a phase; it is not marked before they mark it.
    """

    def __init__(self, replica: Replica, declared: Log, history: History) -> None:
        self.replica, self.declared, self.history = replica, declared, history
        follower = _follower(replica, declared, history)
        self.close = follower.close
        self.view, self.phases = follower.view(self._keep), follower.view()
        self.total = 0  # records that came, ever
        self.reports: list[Event[ProbeLog]] = []
        self._kept: deque[str] = deque()
        self._bytes = 0
        self._places: deque[tuple[float, int]] = deque(maxlen=MAX_PLACES)  # looks: Unix time, records until then
        self._steps: dict[int, tuple[float, int]] = {}
        self._lock = follower.lock  # records come whoever looks
        self.view.mark()
        self._places.append((history.clock.now(), 0))

    def _keep(self, line: str) -> None:
        self.total += 1
        self._kept.append(line)
        self._bytes += len(line)
        while len(self._kept) > RECORDS or self._bytes > BYTES:
            self._bytes -= len(self._kept.popleft())

    def look(self) -> None:
        """Read all that is new. Raises HostError where the replica cannot be asked."""
        with self._lock:
            for _ in range(MAX_LOOKS):
                self.view.poll()
                if isinstance(self.view.failure, HostError):
                    raise self.view.failure
                if not self.view.behind:
                    break
            self._places.append((self.history.clock.now(), self.total))

    def step(self, event: Event) -> None:
        """Remember where a step began."""
        with self._lock, suppress(EngineError):  # whoever makes the step finds that out himself
            self.view.poll()
            if self.view.failure is None:
                self._steps[event.id] = (event.time, self.total)
                self._places.append((event.time, self.total))
                for first in list(self._steps)[:-MAX_PLACES]:
                    del self._steps[first]

    def report(self) -> Event[ProbeLog]:
        """Record what was seen since the last report."""
        with self._lock:
            event = self.view.report()
            if isinstance(self.view.failure, HostError):
                raise self.view.failure
            self.reports.append(event)
            return event

    def place(self, since: Event | float) -> tuple[float, int] | None:
        """The look that a step or a time goes back to: its Unix time, and how many records came before; None where
        there was no look until then.
        """
        with self._lock:
            if isinstance(since, Event):
                if since.id in self._steps:
                    return self._steps[since.id]
                since = since.time
            return max((place for place in self._places if place[0] <= since), default=None)

    def tail(self, count: int) -> list[str]:
        """The latest records, at most so many."""
        with self._lock:
            return list(self._kept)[-count:]

    def records(self, first: int) -> tuple[list[str], int]:
        """The kept records from this number on, and how many of them are not kept any more."""
        with self._lock:
            missing = max(0, self.total - len(self._kept) - first)
            return list(self._kept)[max(0, len(self._kept) - (self.total - first)) :], missing


def _follower(replica: Replica, declared: Log, history: History) -> LogFollower | OutputFollower | PatternFollower:
    if declared.path in STREAMS:
        return OutputFollower(replica, declared, history, history.clock)
    made = PatternFollower if is_pattern(declared.path) else LogFollower
    return made(replica, declared, history, history.clock)


@dataclass(frozen=True)
class ReplicaLog:
    """A log of a replica, from some moment on; see the module."""

    followed: Followed
    first: int | None = None  # number of the first record that counts; None: see the claims
    began: float = 0.0  # Unix time of the look before it
    problem: str = ""  # why it cannot be told from where on

    def since(self, step: Event | float) -> ReplicaLog:
        """The same log from the start of a step on (`with history.step(...) as step`), or from a Unix time."""
        place = self.followed.place(step)
        if place is not None:
            return ReplicaLog(self.followed, place[1], place[0])
        when = f"event {step.id}" if isinstance(step, Event) else f"{step:.3f}"
        return ReplicaLog(self.followed, 0, 0.0, f"{self} was not followed since {when}")

    def __str__(self) -> str:
        return f"{self.followed.declared.path} on {self.followed.replica.name}"

    def advances(self, within: float = 2.0) -> Verdict:
        """A new record comes within so many seconds from now. Heartbeats do not count.

        Raises:
            HostError: the replica cannot be asked.
        """
        self.followed.look()
        before = self.followed.view.records
        self._wait(lambda: self.followed.view.records > before, within)
        new = self.followed.view.records - before
        event = self.followed.report()
        if new > 0:
            return self._passed(f"{self} advanced: {new} new", event)
        body = event.body
        if body.state is None or body.error:
            return self._unknown(f"{self} could not be read: {body.error}", event)
        return self._failed(f"{self} did not advance: no record in {within:g} s{explained(body)}", event)

    def carries(self, release: str, within: float = 2.0) -> Verdict:
        """Every record names this release: those since `since`, else those that come next, within so many seconds.

        Raises:
            HostError: the replica cannot be asked.
            UsageError: the stack does not say which field of a record holds the release.
        """
        field = self.followed.declared.release
        if field is None:
            raise UsageError(
                "Which field of the log holds the release is not declared",
                where=f"x-harness: logs: {self.followed.replica.service}: {self.followed.declared.path}",
                expected="{format: json, release: <field>}",
            )
        self.followed.look()
        first = self.first
        if first is None:
            first = self.followed.total
            self._wait(lambda: self.followed.total > first, within)
        lines, event, doubt = self._seen(first)
        others = [line for line in lines if _field(line, field) != release]
        if others:
            said = f"{len(others)} of {len(lines)} records do not carry {release}, e.g. {others[0][:MAX_QUOTED]}"
            return self._failed(f"{self}: {said}", event)
        if not lines:
            return self._unknown(doubt or f"{self} has no record to judge", event)
        return self._unknown(doubt, event) if doubt else self._passed(f"{self}: {len(lines)} carry {release}", event)

    def has_no(self, pattern: str) -> Verdict:
        """No record since `since`, else since it is followed, matches this regular expression.

        Raises:
            HostError: the replica cannot be asked. UsageError: the pattern is invalid.
        """
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise UsageError("This is not a regular expression", got=f"{pattern!r} ({error})") from error
        self.followed.look()
        lines, event, doubt = self._seen(self.first or 0)
        found = [line for line in lines if compiled.search(line)]
        if found:
            return self._failed(
                f"{self}: {len(found)} of {len(lines)} records match {pattern}: {found[0][:MAX_QUOTED]}", event
            )
        if doubt or not lines:
            return self._unknown(doubt or f"{self} has no record to judge", event)
        return self._passed(f"{self}: none of {len(lines)} records matches {pattern}", event)

    # -- what they share ---------------------------------------------------------------------------------------------

    def _wait(self, done: Callable[[], bool], within: float) -> None:
        def look() -> bool:
            self.followed.look()
            return done()

        poll(look, within=within, every=POLL_EVERY, clock=self.followed.history.clock)

    def _seen(self, first: int) -> tuple[list[str], Event[ProbeLog], str]:
        """The records from a number on, the report, and why they may not be all."""
        event = self.followed.report()
        lines, missing = self.followed.records(first)
        doubts = [self.problem]
        if missing:
            doubts.append(f"of {self} only the last {len(lines)} records are kept, {missing} before them are not")
        for report in self.followed.reports:
            if report.time <= self.began and report is not event:
                continue
            said = [report.body.error, *(one.what for one in report.body.losses), *report.body.unread_parts]
            doubts += [f"{self} could not be read completely: {one}" for one in said if one]
        return lines, event, next((one for one in doubts if one), "")

    def _passed(self, reason: str, event: Event) -> Verdict:
        return self._verdict(Outcome.PASS, reason, event)

    def _failed(self, reason: str, event: Event) -> Verdict:
        return self._verdict(Outcome.FAIL, reason, event, "which file the process has open (/proc/PID/fd)")

    def _unknown(self, reason: str, event: Event) -> Verdict:
        return self._verdict(Outcome.UNKNOWN, reason, event, "whether the log is there, and is written at all")

    def _verdict(self, outcome: Outcome, reason: str, event: Event, look: str = "") -> Verdict:
        """It quotes lines, and is printed by a failed assertion."""
        return Verdict(NAME, outcome, self.followed.history.redactor.text(reason), (event.id,), look)


def _field(line: str, field: str) -> str | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    value = record.get(field) if isinstance(record, dict) else None
    return None if value is None else str(value)
