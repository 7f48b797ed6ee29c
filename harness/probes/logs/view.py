"""One who looks at a log: from a mark of its own on, in windows of its own, whoever else looks at it."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Protocol

from harness.clock import Clock
from harness.errors import HostError, NotMeasured
from harness.events.log import Mount, ProbeLog, Writer
from harness.history import Event, History
from harness.printable import shortened
from harness.probes.logs.directory import DirectoryState
from harness.probes.logs.file import FileState
from harness.probes.logs.lines import LineBuffer
from harness.probes.logs.parts import LogPart, identity
from harness.probes.logs.records import Moment, RecordCounter
from harness.probes.logs.sequence import Sequence as Numbers
from harness.probes.logs.spec import LogReplica, LogSpec
from harness.probes.logs.window import LogWindow, Surroundings


class Source(Protocol):
    """What a view needs of its follower; see `LogFollower`."""

    replica: LogReplica
    spec: LogSpec
    history: History
    clock: Clock
    lock: RLock
    around: DirectoryState | None
    gone: bool

    def poll(self) -> None: ...

    def look_after_rotated(self) -> None: ...

    def read_to_end(self) -> None: ...

    @property
    def unread(self) -> str | None: ...

    @property
    def looked(self) -> float | None: ...
    @property
    def skew(self) -> float: ...

    @property
    def file(self) -> FileState | None: ...

    @property
    def rotated(self) -> list[LogPart]: ...

    @property
    def parts(self) -> list[LogPart]: ...


class View:
    """What one sees of a log, from `LogFollower.view`. Nothing counts before it is marked. Safe to use from several
    threads.

    Args:
        seen: called with every new record, complete and without its newline, while the follower's lock is held.

    Attributes:
        window, tally: the present window, and its records.
        marked: records are new from here on.
        existed: the log was there since the mark.
        written: a record came since the last change.
        error, failure: why the log could not be read when this view last looked; None where it could.
    """

    def __init__(self, follower: Source, seen: Callable[[str], None] | None = None) -> None:
        self._follower, self._clock, self._seen = follower, follower.clock, seen
        self._prefix = ""
        self._counted = 0  # records, at the last look
        self._numbers = Numbers()
        self._mounted: str | None = None
        self._known: set[tuple[object, ...]] = set()  # files that were there at the mark
        self._since: dict[LogPart, float | None] = {}  # parts that were there at the mark
        self._grew: dict[LogPart, int] = {}  # bytes, before the window began
        self._begun: dict[LineBuffer, int] = {}  # where a line had begun at the mark, with how many NUL bytes
        self._older: set[LogPart] = set()  # parts whose content is from before the mark
        self.marked = self.existed = False
        self.written = True
        self.error: str | None = None
        self.failure: HostError | NotMeasured | None = None
        self.window = LogWindow(self._clock.monotonic())
        self._begin()

    @property
    def records(self) -> int:
        """New records of the file at the path since the mark, or the last report; without heartbeats."""
        return self.tally.own

    @property
    def behind(self) -> bool:
        """More is there than the last look read."""
        return self._follower.unread is not None

    def expect_canaries(self, prefix: str) -> None:
        """Canaries carry `<prefix>-<number>`: other values of the declared field do not count."""
        with self._follower.lock:
            self._prefix = prefix
            self._begin()

    def mark(self) -> None:
        """From here on, records are new to this view; the others go on as they were (see `LogFollower.read_to_end`).
        A log that cannot be read is reported as such.
        """
        with self._follower.lock:
            self.marked, self.existed, self.written = False, False, True
            self._numbers = Numbers()
            self.window.changes.clear()
            self._begin()
            self._attempt(self._place)
            self.window.began = self.window.progress = self._clock.monotonic()  # placing it may have taken a while

    def poll(self) -> int:
        """Look once, for all views. Returns how many records are new to this one; heartbeats do not count."""
        with self._follower.lock:
            before = self.tally.own
            if self.marked:
                self._attempt(self._follower.poll)
            else:
                asked = self._clock.monotonic()
                self.window.unmarked = self.error or "it was not marked"
                self._attempt(self._place)
                self.polled(asked)
            return self.tally.own - before

    def report(self) -> Event[ProbeLog]:
        """Look once more, record `probe.log` for all since the mark or the last report, and begin the next window."""
        with self._follower.lock:
            self.poll()
            if self.marked and self.error is None:
                self._attempt(self._follower.look_after_rotated)
            event = self._follower.history.record(self.window.report(self._surroundings(), self.tally))
            self._begin()
            return event

    # -- what the follower tells -------------------------------------------------------------------------------------

    def take(self, lines: bytes, part: LogPart, moment: Moment, holes: int) -> None:
        """Lines of a part were read, and NUL bytes skipped: count those that are new to this view."""
        if part in self._older and not moment.elsewhere:
            self._begun.pop(part.lines, None)
            self._pass(part.lines)
            return
        if lines and (nuls := self._begun.pop(part.lines, None)) is not None:
            lines, holes = lines[lines.index(b"\n") + 1 :], max(0, holes - nuls)
        self.window.hole += holes
        before = self.tally.own
        if lines:
            self.tally.add(lines, moment)
        if self.tally.own > before:
            self.written = True
            self.window.complete()

    def polled(self, asked: float) -> None:
        """A look that was asked for at this monotonic time has ended, whoever asked."""
        self.window.polled(self.tally.own - self._counted, asked, self._clock.monotonic())
        self._counted = self.tally.own

    def passes(self, lines: LineBuffer) -> bool:
        """Whether the line that has begun there is from before the mark."""
        return lines in self._begun

    def ended(self, lines: LineBuffer, *, torn: bool) -> None:
        """A part ended for good; `torn`: within a line."""
        if self._begun.pop(lines, None) is None and torn:
            self.window.torn += 1

    def found(self, parts: list[LogPart]) -> None:
        """Parts were found that were not read yet: what was there at the mark is not new."""
        self._older |= {part for part in parts if identity(part.cursor.file) in self._known}

    def passed_over(self, why: str) -> None:
        """Not all was read until here, and what is missing never will be: it is no gap in the log."""
        self.window.unread_parts.append(why)
        self._numbers.last = None
        self.tally.times.begin()
        self._begun.clear()

    # -- the window --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Begin a window: everything that is reported starts from nothing, the place in the file stays."""
        self._numbers = Numbers(self._numbers.last)
        self.tally = RecordCounter(self._follower.spec, self._numbers, self._prefix, self._seen)
        self._counted = 0
        changes = [] if self.written else self.window.changes  # else the change is still what explains the silence
        self.window = LogWindow(self._clock.monotonic(), changes)
        self._grew = {part: part.grew for part in self._follower.parts}

    def _place(self) -> None:
        """Place the mark where the log ends."""
        self._follower.read_to_end()
        around, parts = self._follower.around, self._follower.parts
        self.existed = not self._follower.gone
        self._mounted = around.mounted if around else None
        self._known = {identity(one.file) for one in around.siblings} if around else set()
        self._since = {part: part.since for part in parts}
        self._grew = {part: part.grew for part in parts}
        self._begun, self._older = {}, set()
        for part in parts:
            self._pass(part.lines)
        self.marked = True

    def _pass(self, lines: LineBuffer) -> None:
        if (nuls := lines.begun) is not None:
            self._begun[lines] = nuls

    def _attempt(self, look_at_it: Callable[[], object]) -> None:
        try:
            look_at_it()
        except (HostError, NotMeasured) as error:
            self.error, self.failure = shortened(str(error)), error
        else:
            self.error = self.failure = None

    def _surroundings(self) -> Surroundings:
        follower, around = self._follower, self._follower.around
        return Surroundings(
            replica=follower.replica.name,
            path=follower.spec.path,
            state=self._state(),
            error=self.error,
            unread=follower.unread,
            skew=None if around is None or around.now is None else round(follower.skew, 3),
            mount=None if self._mounted is None else Mount(self._mounted, around.mounted if around else None),
            now=self._clock.monotonic(),
            file=follower.file,
            writers=[self._writer(part) for part in follower.rotated if part.holder is not None],
            around=around,
            looked=follower.looked,
        )

    def _state(self) -> str | None:
        """What became of the file; None where it could not be read."""
        if self.error is not None or not self.marked:
            return None
        if self._follower.gone:
            return "deleted" if self.existed else "missing"
        return self.window.state()

    def _writer(self, part: LogPart) -> Writer:
        """Who writes to a file that the path does not name."""
        one = part.holder
        assert one is not None
        how = "deleted" if one.deleted else "renamed"
        since = None if part in self._since and self._since[part] == part.since else part.since
        grew = part.grew - self._grew.get(part, 0)
        return Writer(one.pid, one.process, part.cursor.file.inode, one.target, how, since, grew)
