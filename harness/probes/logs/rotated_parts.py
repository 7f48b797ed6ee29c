"""The parts of a log that are not at its path any more: what they still hold, and who goes on writing to them."""

from __future__ import annotations

from harness.clock import Clock
from harness.errors import NotMeasured
from harness.probes.logs.audience import Audience
from harness.probes.logs.directory import DirectoryState
from harness.probes.logs.file import Cursor, FileState, read
from harness.probes.logs.parts import (
    KEPT,
    Budget,
    LogPart,
    at_end,
    current_path,
    holder,
    identity,
    missed_parts,
    new_files,
    stale_holders,
)
from harness.probes.logs.spec import LogReplica

AROUND_EVERY = 1.0  # s between two looks around while an old part is written
UNSEEN = 10.0  # s that an old part is read where it cannot be seen who has it open


class RotatedParts:
    """Those of one follower, since it was placed.

    Args:
        audience: who is told of what they hold, and of what cannot be had.

    Attributes:
        parts: that are still read.
        done: those that are not, should they come back.
        known: the files of the directory, by `identity`.
    """

    def __init__(self, replica: LogReplica, clock: Clock, audience: Audience) -> None:
        self._replica, self._clock, self._audience = replica, clock, audience
        self._polled = 0.0
        self.parts: list[LogPart] = []
        self.done: dict[tuple[str, int, str], LogPart] = {}
        self.known: set[tuple[object, ...]] = set()

    def place(self, around: DirectoryState | None, current: FileState | None) -> None:
        """Begin again: what is there now is known, and what somebody writes elsewhere from now on is read."""
        self.parts, self.done = [], {}
        self.known = set()
        self.remember(around)
        self.register_writers(around, current, marking=True)

    def remember(self, around: DirectoryState | None) -> None:
        """The files that are in the directory now are not new any more."""
        if around is not None:
            self.known |= {identity(one.file) for one in around.siblings}

    def part_at(self, now: FileState | None, path: str) -> LogPart | None:
        """The part for the file that is at the path now: one that was there before, and came back, or a new one."""
        if now is None:
            return None
        back = self.done.pop(now.ident, None) or next((one for one in self.parts if one.ident == now.ident), None)
        self.parts = [one for one in self.parts if one is not back]
        if back is None or back.cursor.offset > now.size:
            back = LogPart(Cursor(now))
        back.path, back.finished, back.holder = path, False, None
        return back

    def rotate(self, old: LogPart, now: FileState | None, around: DirectoryState, *, recreated: bool) -> None:
        """Find what the old file still holds, and what came and went after it."""
        clock = self._clock.now()
        emptied = now is not None and now.ident == old.ident
        old.path = "" if emptied or recreated else current_path(old, around)
        old.holder = None if emptied else holder(old, around)
        old.since = clock
        new = [] if recreated else new_files(around, self.known, now)
        found, said = missed_parts(self._replica, old, new, around.real)
        copied = any(one.lines is old.lines for one in found)
        self._audience.found(found, said)
        left = read(self._replica, old.path, old.cursor) if old.path else None
        if left is not None and left.file is not None and left.file.ident == old.ident and left.new is not None:
            found = [old, *(one for one in found if one.lines is not old.lines)]
        else:
            emptied = emptied or (left is not None and left.file is not None and left.file.ident == old.ident)
            foreign = old.holder is not None and old.holder.foreign
            # A part that cannot be read, such as a compressed one, may be the copy.
            gone = emptied and not copied and not said and old.cursor.offset > 0
            self._audience.lost(old.cursor, copied=copied, emptied=emptied, foreign=foreign, gone=gone)
            if foreign and not old.path and not emptied:
                watched = LogPart(
                    Cursor(old.cursor.file, old.cursor.offset), since=clock, finished=True, holder=old.holder
                )
                self.parts.append(watched)
            if old.path and emptied:  # it was emptied first, and then renamed
                found.append(LogPart(Cursor(old.cursor.file), path=old.path))
        for one in found:
            one.since, one.holder = clock, holder(one, around)
        self.parts += found

    def find_missed(self, seen: LogPart | None, now: FileState | None, around: DirectoryState) -> None:
        """Find parts that came and went between two looks, and no copies of what was `seen`."""
        found, said = missed_parts(self._replica, seen, new_files(around, self.known, now), around.real)
        self._audience.found(found, said)
        for one in found:
            one.since, one.holder = self._clock.now(), holder(one, around)
        self.parts += found

    def finish(self, budget: Budget) -> bool:
        """Read to their ends the old parts that were not yet. False where the budget did not suffice."""
        for old in list(self.parts):
            while not old.finished:
                if budget.left <= 0:
                    self._audience.unread = f"{old.backlog} bytes of {old.path} are not read yet"
                    return False
                self.advance(old, budget)
                old.finished = old.finished or not old.backlog
            if old.holder is None:
                self.close(old)
        return True

    def advance(self, old: LogPart, budget: Budget) -> None:
        elsewhere, was = old.finished, old.cursor
        try:
            lines = old.advance(self._replica, budget)
        except NotMeasured:
            if not old.path.startswith("/proc/"):
                raise
            lines = None  # whoever had it open has closed it
        if lines is None:
            self._audience.lost(was, emptied=old.emptied)
            if not old.emptied:
                old.finished, old.holder, old.backlog = True, None, 0
            return
        self._audience.turn()
        self._audience.count(lines, old, elsewhere=elsewhere)
        self._audience.turn()

    def close(self, old: LogPart) -> None:
        self._audience.ended(old.lines, torn=old.lines.end() > 0)
        self.parts = [one for one in self.parts if one is not old]
        self.done[old.ident] = old
        for ident in list(self.done)[:-KEPT]:
            del self.done[ident]

    def due(self) -> bool:
        """Whether it is time to look after them."""
        return bool(self.parts) and self._clock.monotonic() - self._polled >= AROUND_EVERY

    def poll(self, around: DirectoryState | None, current: FileState | None, budget: Budget) -> None:
        """Read on in parts that a process has open, until none has; find those that were not known."""
        self._polled = self._clock.monotonic()
        if around is None:
            return
        self.register_writers(around, current)
        if not self.finish(budget):
            return
        for old in list(self.parts):
            held, old.holder = old.holder is not None, holder(old, around)
            path = current_path(old, around)
            if path:
                old.path = path
                self.advance(old, budget)
                while old.backlog and budget.left > 0:
                    self.advance(old, budget)
            elif old.holder is not None:
                old.watch(old.holder.file.size)
            elif held:
                self._audience.lost(old.cursor)
            unsure = around.unseen and self._clock.now() - (old.since or 0.0) < UNSEEN
            if old.holder is None and not (path and (unsure or old.backlog)):
                self.close(old)

    def register_writers(
        self, around: DirectoryState | None, current: FileState | None, *, marking: bool = False
    ) -> None:
        """Take note of who writes to files that the path does not name any more. One that was not seen before came
        and went since the last look, and is read whole; at a mark, what it gets from now on.
        """
        if around is None:
            return
        idents = {one.ident for one in self.parts} | set(self.done)
        for one in stale_holders(around, current, idents):
            if any(old.ident == one.file.ident for old in self.parts):
                continue
            part = self.done.pop(one.file.ident, None)
            if part is None and (marking or identity(one.file) in self.known):
                part = at_end(self._replica, one)
            elif part is None:
                part = LogPart(Cursor(one.file), since=self._clock.now())
                self._audience.found([part])
            if part is not None:
                part.path, part.holder = "" if one.foreign else one.fd, one
                part.finished = part.finished or one.foreign
                self.parts.append(part)


def change_of(
    was: FileState | None, now: FileState | None, old: LogPart | None, around: DirectoryState, *, recreated: bool
) -> str:
    """What became of a file, in one word of `probe.log`'s `changes`."""
    if recreated:
        return "new container"
    if was is None or old is None:
        return "appeared"
    if now is None:
        return "renamed" if current_path(old, around).startswith(around.real.rpartition("/")[0] + "/") else "deleted"
    if was.ident == now.ident:
        return "truncated" if now.size < old.cursor.offset else "regrown"
    if (was.device, was.inode) == (now.device, now.inode):
        return "recreated"
    return "rotated" if current_path(old, around) in {one.path for one in around.siblings} else "replaced"
