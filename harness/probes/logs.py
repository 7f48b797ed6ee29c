"""Whether a log goes on being written: follows a file in a replica from a mark, across rotation and truncation.

What counts is a new, complete record. A file's times prove nothing, and neither does its size: it may be touched,
renamed under its writer, truncated, replaced by a copy of itself, or reuse the inode of the one that it replaces.
Records written to a file between the last look at it and its renaming or truncation are lost to the follower, never
guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from harness.clock import Clock
from harness.errors import HostError, NotMeasured, UsageError
from harness.history import Event, History
from harness.probes._log_file import NOTHING, Cursor, Look, look, read
from harness.probes._log_records import Lines, Tally
from harness.probes.replica import Replica, shortened
from harness.probes.waiting import wait_until

CHUNK = 1 << 18  # bytes of one read
CHUNKS = 8  # reads of one poll
MOVED = 5  # times that a file may change under a poll before the poll gives up


class LogSpec(Protocol):
    """A log that a service writes, as declared in `x-harness: logs`."""

    @property
    def path(self) -> str: ...

    @property
    def format(self) -> str:
        """`json` or `text`."""

    @property
    def release(self) -> str | None:
        """The JSON field that holds the release."""

    @property
    def time(self) -> str | None:
        """The JSON field that holds the time."""

    @property
    def errors(self) -> str:
        """A regular expression that no line should match."""


class LogFollower:
    """Follows one log of one replica.

    Args:
        replica, spec: which log.
        history: where `report` records.
        clock: gives the times, in seconds.
        seen: called with every new record, complete and without its newline.
    """

    def __init__(
        self,
        replica: Replica,
        spec: LogSpec,
        history: History,
        clock: Clock,
        seen: Callable[[str], None] | None = None,
    ) -> None:
        self.replica, self.spec = replica, spec
        self._history, self._clock, self._seen = history, clock, seen
        self._pattern = _compiled(spec)
        self._cursor: Cursor | None = None
        self._lines = Lines()
        self._marked = self._existed = self._gone = False
        self._changes: set[str] = set()
        self._written = True  # a record came since the last change
        self._error: str | None = None
        self._unmarked: str | None = None
        self._silence = self._began = self._progress = 0.0
        self._begin()

    @property
    def records(self) -> int:
        """New records since the mark, or the last report."""
        return self._tally.records

    @property
    def error(self) -> str | None:
        """Why the log could not be read at the last look."""
        return self._error

    def mark(self) -> None:
        """From here on, records are new. A log that cannot be read is reported as such."""
        self._begin()
        self._cursor, self._existed, self._marked = None, False, False
        self._changes.clear()
        self._lines.begin()
        self._attempt(self._place_mark)
        self._began = self._progress = self._clock.monotonic()  # placing it may have taken a while

    def poll(self) -> int:
        """Look once, and count what is new. Returns how many records that is."""
        before, asked = self._tally.records, self._clock.monotonic()
        if not self._marked:
            self._unmarked = self._error or "it was not marked"
            self._attempt(self._place_mark)
        else:
            self._attempt(self._follow)
        new = self._tally.records - before
        if new:
            self._progress = self._clock.monotonic()
        else:  # silent until this look began, at least; how long it took says nothing of the log
            self._silence = max(self._silence, asked - self._progress)
        return new

    def report(self) -> Event:
        """Look once more, record `probe.log` for all since the mark or the last report, and begin the next window."""
        self.poll()
        tally, state = self._tally, self._state()
        event = self._history.record(
            "probe.log",
            replica=self.replica.name,
            path=self.spec.path,
            records=tally.records,
            by_release=dict(tally.by_release),
            unparsed=tally.unparsed,
            errors=tally.errors,
            error_lines=list(tally.error_lines),
            newest=tally.newest,
            seconds=round(self._clock.monotonic() - self._began, 3),
            silence=round(self._silence, 3),
            state=state,
            error=self._error or self._unmarked or self._unread,
        )
        self._begin()
        return event

    def _begin(self) -> None:
        """Begin a window: everything that is reported starts from nothing, the place in the file stays."""
        spec = self.spec
        self._tally = Tally(spec.format == "json", spec.release, spec.time, self._pattern, self._seen)
        self._began = self._clock.monotonic()
        self._progress = self._began
        self._silence = 0.0
        self._unmarked = None
        self._unread: str | None = None
        if self._written:  # else the change is still what explains the silence
            self._changes.clear()

    def _state(self) -> str | None:
        """What became of the file; None where it could not be read."""
        if self._error is not None or not self._marked:
            return None
        if self._gone:
            return "deleted" if self._existed else "missing"
        return next((change for change in ("replaced", "truncated") if change in self._changes), "ok")

    def _attempt(self, look_at_it: Callable[[], None]) -> None:
        try:
            look_at_it()
        except (HostError, NotMeasured) as error:
            self._error = shortened(str(error))
        else:
            self._error = None

    def _place_mark(self) -> None:
        for _ in range(MOVED):
            found = look(self.replica, self.spec.path, None)
            self._gone = found.state == "missing"
            if self._gone:
                self._marked = True
                return
            chunk = read(self.replica, self.spec.path, found.identity, found.size, 0)
            if chunk is not None:
                self._cursor, self._existed, self._marked = chunk.cursor, True, True
                self._lines.begin(skipping=not chunk.at_line_end)
                return
        raise self._restless()

    def _follow(self) -> None:
        """Read what is new, up to the bounds of a poll."""
        self._unread = None
        left = CHUNKS
        for _ in range(MOVED):
            found = look(self.replica, self.spec.path, self._cursor)
            self._gone = found.state == "missing"
            if self._gone:
                return
            offset = self._offset(found)
            while offset < found.size and left:
                chunk = read(self.replica, self.spec.path, found.identity, offset, min(CHUNK, found.size - offset))
                if chunk is None:
                    break
                left -= 1
                offset, self._cursor = chunk.cursor.offset, chunk.cursor
                self._count(chunk.text)
            if offset >= found.size:
                return
            if not left:
                self._unread = f"{found.size - offset} bytes are not read yet"
                return
        raise self._restless()

    def _count(self, text: str) -> None:
        before = self._tally.records
        for line in self._lines.feed(text):
            self._tally.add(line)
        self._written = self._written or self._tally.records > before

    def _offset(self, found: Look) -> int:
        """Where to go on reading; what happened to the file is noted."""
        cursor = self._cursor
        same = cursor is not None and cursor.identity == found.identity
        if cursor is not None and found.known and found.size >= cursor.offset and (same or cursor.offset):
            if not same:  # a copy of what was read: go on behind it, or every record would count twice
                self._changed("replaced")
                self._cursor = replace(cursor, identity=found.identity)
            return cursor.offset
        if self._existed:
            self._changed("truncated" if same else "replaced")
        self._existed = True
        self._lines.begin()
        self._cursor = Cursor(found.identity, 0, NOTHING, NOTHING)
        return 0

    def _changed(self, change: str) -> None:
        self._changes.add(change)
        self._written = False

    def _restless(self) -> NotMeasured:
        where = f"{self.replica.name}:{self.spec.path}"
        return NotMeasured("The log changed under every look at it", where=where, got=f"{MOVED} changes in a row")


def _compiled(spec: LogSpec) -> re.Pattern[str]:
    try:
        return re.compile(spec.errors)
    except re.error as error:
        raise UsageError(
            "The pattern of a log's error lines is not a regular expression",
            where=f"x-harness: logs: {spec.path}: errors",
            got=f"{spec.errors!r} ({error})",
        ) from error


def watch(
    followers: Sequence[LogFollower], seconds: float, clock: Clock, *, every: float = 0.25, until_advanced: bool = False
) -> tuple[Event, ...]:
    """Follow several logs for a time, and report each.

    Args:
        followers: marked before.
        seconds: how long.
        clock: what waits.
        every: seconds between two looks at each.
        until_advanced: stop as soon as every log has a new record.
    """

    def look_at_all() -> bool:
        for follower in followers:
            follower.poll()
        return until_advanced and all(follower.records for follower in followers)

    wait_until(look_at_all, bool, seconds, clock, every=every)
    return tuple(follower.report() for follower in followers)
