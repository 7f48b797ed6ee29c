"""The files that a log consists of: the one at its path, and those that stood there before.

When the file at the path becomes another one, what the old one still holds is read to its end before the new one:
found by its inode in the same directory, or, where it was deleted, through a process that has it open. Parts that came
and went between two looks are read as well. What cannot be had is said.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.errors import NotMeasured
from harness.probes.logs.directory import DirectoryState, Holder, Sibling, packed, rotated
from harness.probes.logs.file import FEW, MANY, Cursor, FileState, place, read
from harness.probes.logs.lines import LineBuffer
from harness.probes.logs.spec import LogReplica

KEPT = 50  # parts that are remembered after they are done


@dataclass
class Budget:
    """Bytes that one poll may still read."""

    left: int


@dataclass(eq=False)
class LogPart:
    """One file, and how far it was read. Each is equal to itself alone.

    Attributes:
        since: Unix time at which the path was seen to name another file; None where it never did, or that is not known.
        path: where it is read from, a name or an open file in /proc; empty where it cannot be reached.
        finished: it was read to its end once since then; what comes after that is written elsewhere.
        grew: bytes that were added to it after that.
        backlog: bytes that were left at the last look.
        holder: who has it open for writing, as last seen.
    """

    cursor: Cursor
    lines: LineBuffer = field(default_factory=LineBuffer)
    since: float | None = None
    path: str = ""
    finished: bool = False
    grew: int = 0
    backlog: int = 0
    emptied: bool = False
    holder: Holder | None = None

    @property
    def ident(self) -> tuple[str, int, str]:
        """Of its file."""
        return self.cursor.file.ident

    def advance(self, replica: LogReplica, budget: Budget) -> bytes | None:
        """Read on from `path`: the new lines. None: the file is gone, or `emptied`, and then it is at its beginning.

        Raises:
            HostError, NotMeasured: it cannot be read.
        """
        found = read(replica, self.path, self.cursor, self.blocks)
        self.emptied = False
        if found.file is None or found.file.ident != self.ident:
            return None
        if found.new is None:
            self.emptied, self.cursor, self.lines = True, Cursor(found.file), LineBuffer()
            self.backlog = found.file.size
            return None
        return self.take(found.new, found.file, budget)

    def take(self, new: bytes, file: FileState, budget: Budget) -> bytes:
        """The lines that these bytes complete, each with its line feed."""
        self.cursor = self.cursor.behind(new, file)
        self.backlog = max(0, file.size - self.cursor.offset) if new else 0  # what gives nothing now is not waited for
        budget.left -= len(new)
        if self.finished:
            self.grew += len(new)
        return self.lines.feed(new)

    def watch(self, size: int) -> None:
        """It cannot be read, but it is known how large it is now."""
        self.grew += max(0, size - self.cursor.offset)
        self.cursor = Cursor(self.cursor.file, size)

    @property
    def blocks(self) -> tuple[int, int]:
        """How much to read at once."""
        return MANY if self.backlog > FEW[0] * FEW[1] else FEW


def identity(file: FileState) -> tuple[object, ...]:
    """By which a file of the directory is known again; without birth times, an inode alone is not enough."""
    return file.ident if file.born else (*file.ident, file.size, file.modified)


def current_path(part: LogPart, around: DirectoryState) -> str:
    """Where the file of a part is now: its name in the directory, or the open file of a process; empty for nowhere."""
    for sibling in around.siblings:
        if sibling.file.ident == part.ident:
            return sibling.path
    return next((one.fd for one in around.holders if one.file.ident == part.ident and not one.foreign), "")


def holder(part: LogPart, around: DirectoryState) -> Holder | None:
    """Who has the part's file open for writing."""
    return next((one for one in around.holders if one.file.ident == part.ident), None)


def new_files(around: DirectoryState, known: set[tuple[object, ...]], path: FileState | None) -> list[Sibling]:
    """The files of the directory that were not there before, by age, without the one at the path."""
    new = [
        one
        for one in around.siblings
        if identity(one.file) not in known
        and one.path != around.real
        and (path is None or one.file.ident != path.ident)
    ]
    return sorted(new, key=lambda one: (one.file.born or one.file.modified, one.file.modified))


def missed_parts(
    replica: LogReplica, old: LogPart | None, found: list[Sibling], log: str
) -> tuple[list[LogPart], list[str]]:
    """The parts among new files that were not read yet, oldest first; and what is not read, in words.

    A copy of the old file (as `copytruncate` makes it) is read behind what was read of the original.
    """
    parts: list[LogPart] = []
    said: list[str] = []
    copied = False
    for sibling in found:
        if old is not None and sibling.file.ident == old.ident:
            continue
        if packed(sibling.path):
            if rotated(sibling.path, log):
                said.append(f"{sibling.path} is compressed, and not read")
            continue
        if not rotated(sibling.path, log):
            continue
        if old is not None and old.cursor.offset and not copied:
            copy = read(replica, sibling.path, old.cursor)
            if copy.file is not None and copy.new is not None:
                parts.append(LogPart(Cursor(copy.file, old.cursor.offset, old.cursor.head, old.cursor.anchor),
                                  old.lines, path=sibling.path))  # fmt: skip
                copied = True
                continue
        begins = read(replica, sibling.path, Cursor(sibling.file))
        head = (begins.new or b"")[: len(old.cursor.head)] if old is not None else b""
        if old is not None and head and old.cursor.head.startswith(head):
            said.append(f"{sibling.path} begins as the file before it does, is taken for a copy, and not read")
        elif begins.file is not None and begins.file.size:
            parts.append(LogPart(Cursor(begins.file), path=sibling.path))
    return parts, said


def stale_holders(around: DirectoryState, current: FileState | None, known: set[tuple[str, int, str]]) -> list[Holder]:
    """Who has a file open for writing that was the log, and that the path does not name any more."""
    real, seen, found = around.real, set[tuple[int, tuple[str, int, str]]](), list[Holder]()
    for one in around.holders:
        ident = one.file.ident
        if (current is not None and ident == current.ident) or (one.pid, ident) in seen:
            continue
        if ident in known or one.target == f"{real} (deleted)" or rotated(one.target.removesuffix(" (deleted)"), real):
            seen.add((one.pid, ident))
            found.append(one)
    return found


def at_end(replica: LogReplica, one: Holder) -> LogPart | None:
    """A part that was found with a process that holds it: what it gets from now on is new."""
    if one.foreign:
        return LogPart(Cursor(one.file, one.file.size), finished=True, holder=one)
    try:
        cursor = place(replica, one.fd)
    except NotMeasured:
        return None
    if cursor is None:
        return None
    skipping = cursor.anchor[-1:] not in (b"", b"\n")
    return LogPart(cursor, LineBuffer(skipping=skipping), path=one.fd, finished=True, holder=one)
