"""Whether a log goes on being written: follows a file in a replica from a mark, across rotation and truncation.

What counts is a new, complete record. A file's times prove nothing, and neither does its size: it may be touched,
renamed under its writer, truncated, replaced by a copy of itself, or reuse the inode of the one that it replaces.
What a rotated part still holds is read to its end. What cannot be had is named as lost, never guessed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from harness.clock import Clock
from harness.errors import HostError, NotMeasured
from harness.events.log import Mount, ProbeLog
from harness.history import Event, History
from harness.printable import shortened
from harness.probes.logs.directory import DirectoryState, scan
from harness.probes.logs.file import PRINT, File, Found, look, place, read, restless
from harness.probes.logs.lines import Lines
from harness.probes.logs.parts import Budget, Part
from harness.probes.logs.records import Moment, RecordCounter, compiled
from harness.probes.logs.rotated_parts import RotatedParts, change_of
from harness.probes.logs.sequence import Sequence as Numbers
from harness.probes.logs.spec import LogReplica, LogSpec
from harness.probes.logs.window import Window

BYTES = 32 << 20  # of one poll
PROMPT = 0.5  # s that an answer may take whose time is taken to be in the middle
MAX_MOVES = 5  # times that a file may change under a poll before the poll gives up


class LogFollower:
    """Follows one log of one replica. Safe to use from several threads.

    Args:
        replica, spec: which log.
        history: where `report` records.
        clock: gives the times, in seconds.
        seen: called with every new record, complete and without its newline.

    Raises:
        UsageError: a pattern of the spec is no regular expression.
    """

    def __init__(
        self,
        replica: LogReplica,
        spec: LogSpec,
        history: History,
        clock: Clock,
        seen: Callable[[str], None] | None = None,
    ) -> None:
        compiled(spec, "errors"), compiled(spec, "heartbeat")
        self.replica, self.spec = replica, spec
        self._history, self._clock, self._seen = history, clock, seen
        self._lock = threading.RLock()
        self._prefix = ""
        self._numbers = Numbers()
        self._part: Part | None = None  # the file at the path
        self._old = RotatedParts(replica, clock, lambda: self._window, lambda: self._looked, self._count, self._turn)
        self._around: DirectoryState | None = None
        self._looked = 0.0
        self._skew = 0.0
        self._instance = self._container = ""
        self._mounted: str | None = None
        self._marked = self._existed = self._gone = False
        self._written = True  # a record came since the last change
        self._error: str | None = None
        self.failure: HostError | NotMeasured | None = None  # why it could not be read at the last look
        self._window = Window(clock.monotonic())
        self._begin()

    @property
    def records(self) -> int:
        """New records of the file at the path since the mark, or the last report; without heartbeats."""
        return self._tally.own

    @property
    def error(self) -> str | None:
        """Why the log could not be read at the last look."""
        return self._error

    @property
    def behind(self) -> bool:
        """More is there than the last look read."""
        return self._window.unread is not None

    def expect_canaries(self, prefix: str) -> None:
        """Canaries carry `<prefix>-<number>`: other values of the declared field do not count."""
        with self._lock:
            self._prefix = prefix
            self._begin()

    def mark(self) -> None:
        """From here on, records are new. A log that cannot be read is reported as such."""
        with self._lock:
            self._numbers = Numbers()
            self._window.changes.clear()
            self._part = None
            self._old.mark(None, None)
            self._existed = self._marked = self._gone = False
            self._instance = self._container = ""
            self._written = True
            self._begin()
            self._attempt(self._place_mark)
            self._window.began = self._window.progress = self._clock.monotonic()  # placing it may have taken a while

    def poll(self) -> int:
        """Look once, and count what is new. Returns how many records that is; heartbeats do not count."""
        with self._lock:
            before, asked = self._tally.own, self._clock.monotonic()
            if not self._marked:
                self._window.unmarked = self._error or "it was not marked"
                self._attempt(self._place_mark)
            else:
                self._attempt(self._follow)
            new = self._tally.own - before
            self._window.polled(new, asked, self._clock.monotonic())
            return new

    def report(self) -> Event[ProbeLog]:
        """Look once more, record `probe.log` for all since the mark or the last report, and begin the next window."""
        with self._lock:
            self.poll()
            if self._marked and self._error is None:
                self._attempt(lambda: self._poll_rotated(Budget(BYTES)))
            body = self._window.report(
                self.replica.name,
                self.spec.path,
                self._state(),
                self._error,
                None if self._around is None or self._around.now is None else round(self._skew, 3),
                None if self._mounted is None else Mount(self._mounted, self._around.mounted if self._around else None),
                self._clock.monotonic(),
                self._tally,
                self._part,
                self._old.parts,
                self._around,
            )
            event = self._history.record(body)
            self._begin()
            return event

    # -- the window --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Begin a window: everything that is reported starts from nothing, the place in the file stays."""
        self._numbers = Numbers(self._numbers.last)
        self._tally = RecordCounter(self.spec, self._numbers, self._prefix, self._seen)
        changes = [] if self._written else self._window.changes  # else the change is still what explains the silence
        self._window = Window(self._clock.monotonic(), changes)
        for old in self._old.parts:
            old.grew = 0

    def _state(self) -> str | None:
        """What became of the file; None where it could not be read."""
        if self._error is not None or not self._marked:
            return None
        if self._gone:
            return "deleted" if self._existed else "missing"
        return self._window.state()

    def _attempt(self, look_at_it: Callable[[], None]) -> None:
        try:
            look_at_it()
        except (HostError, NotMeasured) as error:
            self._error, self.failure = shortened(str(error)), error
        else:
            self._error = self.failure = None

    def _place_mark(self) -> None:
        asked = self._clock.now()
        cursor = place(self.replica, self.spec.path)
        around = self._try_scan()
        self._gone, self._existed = cursor is None, cursor is not None
        if cursor is not None:
            skipping = cursor.anchor[-1:] not in (b"", b"\n")
            self._part = Part(cursor, Lines(skipping=skipping), path=self.spec.path)
        self._mounted = around.mounted if around else None
        self._looked, self._marked = asked, True
        self._old.mark(around, None if cursor is None else cursor.file)

    # -- following ---------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Read what is new, up to the bounds of a poll."""
        self._window.unread = None
        budget = Budget(BYTES)
        for _ in range(MAX_MOVES):
            if not self._old.finish(budget) or self._look(budget):
                break
        else:
            raise restless(self.replica, self.spec.path)
        if self._old.finish(budget) and self._old.due():
            self._poll_rotated(budget)

    def _poll_rotated(self, budget: Budget) -> None:
        self._old.poll(self._try_scan(), self._part.cursor.file if self._part else None, budget)

    def _look(self, budget: Budget) -> bool:
        """Look at the path once. False where the file there has changed, and the new one has to be looked at."""
        part, asked = self._part, self._clock.now()
        while True:
            where = self.spec.path
            found = look(self.replica, where) if part is None else read(self.replica, where, part.cursor, part.blocks)
            self._notice(found)
            if found.file is None:
                if part is not None:
                    self._leave(None)
                else:
                    self._missed()
                self._gone = True
                return True
            self._gone = False
            if part is None or found.new is None or (found.file.ident != part.ident and self._renamed(part)):
                self._leave(found.file)
                return False
            self._recognise(part, found.file)
            if not part.cursor.offset and (found.new or found.file.modified != part.cursor.file.modified):
                self._came_and_went(part, found.new, found.file, budget)
            self._take(part, found.new, found.file, budget)
            if not part.backlog:
                self._looked = asked
                self._window.half_line(part.lines.partial, self._clock.now())
                return True
            if budget.left <= 0:
                self._window.unread = f"{part.backlog} bytes are not read yet"
                return True

    def _take(self, part: Part, new: bytes, file: File, budget: Budget) -> None:
        before = part.cursor.file.modified
        if not new and before and file.modified and before != file.modified and part.ident == file.ident:
            self._window.touched = True
        self._count(part.take(new, file, budget), elsewhere=False)
        self._window.hole += part.lines.holes()

    def _count(self, lines: bytes, *, elsewhere: bool) -> None:
        before, now = self._tally.own, self._clock.now()
        if lines:
            zone = self._around.zone if self._around else 0.0
            unseen = now - self._looked if self._looked else 0.0
            moment = Moment(self._looked + self._skew, now + self._skew, now, zone, elsewhere, unseen)
            self._tally.add(lines, moment)
        if self._tally.own > before:
            self._written = True
            self._window.complete()

    def _turn(self) -> None:
        """The lines that follow are of another file."""
        self._tally.times.begin()

    def _notice(self, found: Found) -> None:
        """Notice that the replica was restarted."""
        if found.instance and self._instance and found.instance != self._instance:
            self._window.change("restarted", self._clock.now())
        self._instance = found.instance or self._instance

    def _recognise(self, part: Part, file: File) -> None:
        """What is at the path begins as what was read. It is a copy, unless a restart renumbered the devices."""
        was = part.cursor.file
        if was.ident != file.ident and not (was.born and (was.inode, was.born) == (file.inode, file.born)):
            self._changed("copied", was, file)
            self._old.done[was.ident] = Part(part.cursor, Lines(), finished=True)
            self._old.register_writers(self._try_scan(), file)

    def _leave(self, now: File | None) -> None:
        """The file that was read is not at the path any more, or not as it was: see to its rest."""
        old, before = self._part, self._container
        first = old is None and not self._existed
        self._existed = True
        around = self._scan()
        recreated = bool(before and around.container and before != around.container)
        was = old.cursor.file if old is not None else None
        if not first:
            self._changed(change_of(was, now, old, around, recreated=recreated), was, now)
        if old is not None:
            self._old.rotate(old, now, around, recreated=recreated)
        elif not recreated:
            self._old.find_missed(None, now, around)
        self._old.register_writers(around, now)
        self._old.remember(around)
        self._part = self._old.part_at(now, self.spec.path)

    def _renamed(self, part: Part) -> bool:
        """Whether another file that begins as what was read is no copy of it: so little was read that this proves
        nothing, and the old file stands beside it under another name.
        """
        if part.cursor.offset >= PRINT:
            return False
        around = self._scan()
        return not part.cursor.offset or any(one.file.ident == part.ident for one in around.siblings)

    def _came_and_went(self, part: Part, new: bytes, file: File, budget: Budget) -> None:
        """An empty file has no bytes to be known by: it may have been written, copied and emptied since the last look.
        Whether it was, the parts beside it tell.
        """
        around = self._scan()
        self._old.find_missed(Part(part.cursor.behind(new, file)), file, around)
        self._old.remember(around)
        self._old.finish(budget)

    def _missed(self) -> None:
        """There is no file, as there was none at the look before: one may have come, and been rotated away, between."""
        around = self._try_scan()
        if around is not None:
            self._old.find_missed(None, None, around)
            self._old.remember(around)

    def _changed(self, what: str, was: File | None, now: File | None) -> None:
        self._window.change(what, self._clock.now(), was, now)
        self._written = False

    def _try_scan(self) -> DirectoryState | None:
        """Look around; where that is not possible, say so in the report."""
        try:
            return self._scan()
        except HostError:
            raise
        except NotMeasured as error:
            self._around, self._window.blind = None, shortened(str(error))
            return None

    def _scan(self) -> DirectoryState:
        """Look around. Raises HostError, NotMeasured."""
        before = self._clock.now()
        around = scan(self.replica, self.spec.path)
        if around.now is not None:
            # The replica's clock was read between the two moments. Where the answer took long, what was known of it
            # before is kept as far as that is possible: the middle could be off by half that time.
            low, high = around.now - self._clock.now(), around.now - before
            self._skew = (low + high) / 2 if high - low < PROMPT else min(max(self._skew, low), high)
        self._around = around
        self._container = around.container or self._container
        return around
