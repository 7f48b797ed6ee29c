"""Whether a log goes on being written: follows a file in a replica from a mark, across rotation and truncation.

What counts is a new, complete record. A file's times prove nothing, and neither does its size: it may be touched,
renamed under its writer, truncated, replaced by a copy of itself, or reuse the inode of the one that it replaces.
What a rotated part still holds is read to its end. What cannot be had is named as lost, never guessed.
"""

from __future__ import annotations

from harness.clock import Clock
from harness.errors import HostError, NotMeasured
from harness.history import History
from harness.printable import shortened
from harness.probes.logs.base import Follower
from harness.probes.logs.directory import DirectoryState, scan
from harness.probes.logs.file import PRINT, FileState, ReadResult, look, place, read, restless
from harness.probes.logs.lines import LineBuffer
from harness.probes.logs.parts import Budget, LogPart
from harness.probes.logs.rotated_parts import RotatedParts, change_of
from harness.probes.logs.spec import LogReplica, LogSpec

BYTES = 32 << 20  # of one poll
PROMPT = 0.5  # s that an answer may take whose time is taken to be in the middle
MAX_MOVES = 5  # times that a file may change under a poll before the poll gives up


class LogFollower(Follower):
    """Follows one file, across rotation and truncation. See `Follower`."""

    def __init__(self, replica: LogReplica, spec: LogSpec, history: History, clock: Clock) -> None:
        super().__init__(replica, spec, history, clock)
        self._old = RotatedParts(replica, clock, self._audience)
        self._part: LogPart | None = None  # the file at the path
        self._instance = self._container = ""
        self._placed = False

    def look_after_rotated(self) -> None:
        """Look around, and read on in the parts that somebody still has open. Raises as `poll`."""
        self._look_after_rotated(Budget(BYTES))

    def read_to_end(self) -> None:
        """Read to the end, so that a view can place its mark there: what is read goes to the views that are marked.

        That takes a look and its bounds. Where more is left than these allow (or what is left cannot be read), it is
        passed over: the follower goes on at the present end, as one that begins, and the marked views are told that
        this is missing. So a mark takes no longer than a look, however much was written before it.

        Raises:
            HostError, NotMeasured: it cannot be read now; then the follower stays where it is.
        """
        why: str | None = None
        if self._placed:
            try:
                self._look_once()
                self.look_after_rotated()
                left = sum(part.backlog for part in self._old.parts)
                why = self.unread or (f"{left} bytes of rotated parts are not read yet" if left else None)
            except NotMeasured as error:
                why = shortened(str(error))
            if why is None:
                return
        self._place(f"what was written before a mark was passed over: {why}" if why else None)

    # -- what views ask ----------------------------------------------------------------------------------------------

    @property
    def file(self) -> FileState | None:
        """The file at the path."""
        return self._part.cursor.file if self._part else None

    @property
    def rotated(self) -> list[LogPart]:
        """The parts that are not at the path any more, and still read."""
        return self._old.parts

    @property
    def parts(self) -> list[LogPart]:
        """All that are known: the one at the path, and those that were there."""
        return [*([self._part] if self._part else []), *self._old.parts, *self._old.done.values()]

    # -- following ---------------------------------------------------------------------------------------------------

    def _place(self, missing: str | None) -> None:
        """Begin at the end of what is there now; what marked views are `missing` by that, in words."""
        asked = self.clock.now()
        cursor = place(self.replica, self.spec.path)
        around = self._try_scan()
        skipping = cursor is not None and cursor.anchor[-1:] not in (b"", b"\n")
        self._part = None if cursor is None else LogPart(cursor, LineBuffer(skipping=skipping), path=self.spec.path)
        self.gone = cursor is None
        self._instance, self._container = "", around.container if around else ""
        self._audience.looked, self._audience.unread = asked, None
        if missing is not None:
            self._audience.passed_over(missing)
        self._old.place(around, self.file)
        self._placed = True

    def _follow(self) -> None:
        """Read what is new, up to the bounds of a poll."""
        self._audience.unread = None
        budget = Budget(BYTES)
        for _ in range(MAX_MOVES):
            if not self._old.finish(budget) or self._look(budget):
                break
        else:
            raise restless(self.replica, self.spec.path)
        if self._old.finish(budget) and self._old.due():
            self._look_after_rotated(budget)

    def _look_after_rotated(self, budget: Budget) -> None:
        self._old.poll(self._try_scan(), self.file, budget)

    def _look(self, budget: Budget) -> bool:
        """Look at the path once. False where the file there has changed, and the new one has to be looked at."""
        part, asked = self._part, self.clock.now()
        while True:
            where = self.spec.path
            found = look(self.replica, where) if part is None else read(self.replica, where, part.cursor, part.blocks)
            self._notice(found)
            if found.file is None:
                if part is not None:
                    self._leave(None)
                else:
                    self._missed()
                self.gone = True
                return True
            self.gone = False
            if part is None or found.new is None or (found.file.ident != part.ident and self._renamed(part)):
                self._leave(found.file)
                return False
            self._recognise(part, found.file)
            if not part.cursor.offset and (found.new or found.file.modified != part.cursor.file.modified):
                self._came_and_went(part, found.new, found.file, budget)
            self._take(part, found.new, found.file, budget)
            if not part.backlog:
                self._audience.looked = asked
                self._audience.half_line(part.lines)
                return True
            if budget.left <= 0:
                self._audience.unread = f"{part.backlog} bytes are not read yet"
                return True

    def _take(self, part: LogPart, new: bytes, file: FileState, budget: Budget) -> None:
        before = part.cursor.file.modified
        if not new and before and file.modified and before != file.modified and part.ident == file.ident:
            for window in self._audience.windows:
                window.touched = True
        self._audience.count(part.take(new, file, budget), part, elsewhere=False)

    def _notice(self, found: ReadResult) -> None:
        """Notice that the replica was restarted."""
        if found.instance and self._instance and found.instance != self._instance:
            for window in self._audience.windows:
                window.change("restarted", self.clock.now())
        self._instance = found.instance or self._instance

    def _recognise(self, part: LogPart, file: FileState) -> None:
        """What is at the path begins as what was read. It is a copy, unless a restart renumbered the devices."""
        was = part.cursor.file
        if was.ident != file.ident and not (was.born and (was.inode, was.born) == (file.inode, file.born)):
            self._audience.changed("copied", was, file)
            self._old.done[was.ident] = LogPart(part.cursor, LineBuffer(), finished=True)
            self._old.register_writers(self._try_scan(), file)

    def _leave(self, now: FileState | None) -> None:
        """The file that was read is not at the path any more, or not as it was: see to its rest."""
        old, before = self._part, self._container
        around = self._scan()
        recreated = bool(before and around.container and before != around.container)
        was = old.cursor.file if old is not None else None
        what = change_of(was, now, old, around, recreated=recreated)
        self._audience.changed(what, was, now, appeared=old is None)
        for view in self._audience.marked:
            view.existed = True
        if old is not None:
            self._old.rotate(old, now, around, recreated=recreated)
        elif not recreated:
            self._old.find_missed(None, now, around)
        self._old.register_writers(around, now)
        self._old.remember(around)
        self._part = self._old.part_at(now, self.spec.path)

    def _renamed(self, part: LogPart) -> bool:
        """Whether another file that begins as what was read is no copy of it: so little was read that this proves
        nothing, and the old file stands beside it under another name.
        """
        if part.cursor.offset >= PRINT:
            return False
        around = self._scan()
        return not part.cursor.offset or any(one.file.ident == part.ident for one in around.siblings)

    def _came_and_went(self, part: LogPart, new: bytes, file: FileState, budget: Budget) -> None:
        """An empty file has no bytes to be known by: it may have been written, copied and emptied since the last look.
        Whether it was, the parts beside it tell.
        """
        around = self._scan()
        self._old.find_missed(LogPart(part.cursor.behind(new, file)), file, around)
        self._old.remember(around)
        self._old.finish(budget)

    def _missed(self) -> None:
        """There is no file, as there was none at the look before: one may have come, and been rotated away, between."""
        around = self._try_scan()
        if around is not None:
            self._old.find_missed(None, None, around)
            self._old.remember(around)

    def _try_scan(self) -> DirectoryState | None:
        """Look around; where that is not possible, say so in the report."""
        try:
            return self._scan()
        except HostError:
            raise
        except NotMeasured as error:
            self.around = None
            for window in self._audience.windows:
                window.blind = shortened(str(error))
            return None

    def _scan(self) -> DirectoryState:
        """Look around. Raises HostError, NotMeasured."""
        before = self.clock.now()
        around = scan(self.replica, self.spec.path)
        if around.now is not None:
            # The replica's clock was read between the two moments. Where the answer took long, what was known of it
            # before is kept as far as that is possible: the middle could be off by half that time.
            low, high = around.now - self.clock.now(), around.now - before
            skew = (low + high) / 2 if high - low < PROMPT else min(max(self.skew, low), high)
            self._audience.skew = skew
        self.around, self._audience.zone = around, around.zone
        self._container = around.container or self._container
        return around
