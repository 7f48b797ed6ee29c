"""What one window of a follower saw, besides the records themselves: silence, changes of the file, losses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from harness.events.log import Change, Disk, LogFile, Loss, Mount, Partial, ProbeLog, Writer
from harness.probes.logs.directory import DirectoryState
from harness.probes.logs.file import Cursor, FileState
from harness.probes.logs.records import RecordCounter

REPLACED = ("rotated", "replaced", "recreated", "copied", "appeared", "renamed", "deleted", "new container")
TRUNCATED = ("truncated", "regrown")
MAX_LISTED = 20  # changes, losses and unread parts that are kept


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a report tells besides what the window collected.

    Attributes:
        replica, path: which log.
        state: what became of the file; None where it could not be read, and then `error` says why.
        unread: what is not read yet, in words.
        skew: s that the replica's clock is ahead; None where it cannot tell.
        mount: where the log is a mount of its own.
        now: the present, monotonic, s.
        file: at the path, as last seen.
        writers: who writes to files that the path does not name.
        around: what stands beside it; None where that cannot be seen.
        looked: when the last look that read the file to its end was asked for, Unix time; None for never.
    """

    replica: str
    path: str
    state: str | None
    error: str | None
    unread: str | None
    skew: float | None
    mount: Mount | None
    now: float
    file: FileState | None
    writers: list[Writer]
    around: DirectoryState | None
    looked: float | None


class LogWindow:
    """Collects for `probe.log`. Monotonic times in seconds, but for those that are Unix times.

    Attributes:
        began, progress: when the window began, and when the last record came.
        silence: the longest that was seen, s.
        changes, losses, unread_parts: see `fields`.
        unmarked: why it could not be marked.
        blind: why it could not be seen what stands beside the log.
        touched: the file's time changed, and nothing was written.
        torn: records that end with their file; hole: NUL bytes that were skipped.
    """

    def __init__(self, began: float, changes: list[Change] | None = None) -> None:
        self.began = self.progress = began
        self.silence = 0.0
        self.changes = list(changes or [])
        self.losses: list[Loss] = []
        self.unread_parts: list[str] = []
        self.unmarked: str | None = None
        self.blind: str | None = None
        self.touched = False
        self.torn = self.hole = 0
        self._half: tuple[int, float] | None = None

    def polled(self, new: int, asked: float, now: float) -> None:
        """A look that was asked for at `asked` found so many records."""
        if new:
            self.progress = now
        else:  # silent until this look began, at least; how long it took says nothing of the log
            self.silence = max(self.silence, asked - self.progress)

    def change(self, what: str, at: float, was: FileState | None = None, now: FileState | None = None) -> None:
        """Something became of the file, as seen at a Unix time."""
        if len(self.changes) < MAX_LISTED:
            before, after = was.inode if was else None, now.inode if now else None
            size, born = (now.size, now.born) if now else (None, None)
            self.changes.append(Change(what, round(at, 3), before, after, size, bool(born)))

    def record_loss(
        self,
        cursor: Cursor,
        after: float,
        before: float,
        *,
        copied: bool = False,
        emptied: bool = False,
        foreign: bool = False,
        gone: bool = False,
    ) -> None:
        """What was written behind the cursor between two Unix times cannot be had."""
        said = f"what was written to inode {cursor.file.inode} after byte {cursor.offset}, between {_clock(after)} and "
        said += f"{_clock(before)}, is lost: "
        if emptied:
            said += "the file was emptied"
            said += ", and what came after the copy of it is in neither" if copied else ", and there is no copy of it"
        elif foreign:
            said += "the file has no name any more, and who has it open is another user, whose files cannot be read"
        else:
            said += "the file is gone" + (", and what came after the copy of it" if copied else "")
        if len(self.losses) < MAX_LISTED:
            self.losses.append(Loss(said, cursor.file.inode, cursor.offset, after, before, gone))

    def half_line(self, length: int, now: float) -> None:
        """The file ends in so many bytes of a line."""
        self._half = (length, self._half[1] if self._half else now) if length else None

    def complete(self) -> None:
        """A line was completed: the half one at the end, if there is one, is another."""
        self._half = None

    def state(self) -> str:
        """`replaced`, `truncated` or `ok`."""
        kinds = {change.what for change in self.changes}
        return "replaced" if kinds & set(REPLACED) else "truncated" if kinds & set(TRUNCATED) else "ok"

    def report(self, seen: Surroundings, tally: RecordCounter) -> ProbeLog:
        """What is reported of the window."""
        file, around = seen.file, seen.around
        return ProbeLog(
            replica=seen.replica,
            path=seen.path,
            state=seen.state,
            error=seen.error or self.unmarked or seen.unread,
            skew=seen.skew,
            mount=seen.mount,
            records=tally.records,
            heartbeats=tally.heartbeats,
            elsewhere=tally.elsewhere,
            by_release={name: entry[0] for name, entry in tally.releases.items()},
            releases={name: tuple(entry[1:]) for name, entry in tally.releases.items()},
            unparsed=tally.unparsed,
            torn=self.torn,
            error_kinds=tally.errors.fields(),  # first: it ends what has begun
            errors=tally.errors.count,
            error_lines=list(tally.errors.lines),
            levels=dict(tally.errors.levels),
            styles=dict(tally.errors.styles),
            kinds=dict(tally.errors.mix),
            newest=tally.newest,
            times=tally.times.fields(),
            sequence=tally.sequence.fields(),
            canaries=dict(tally.keys),
            canary_looks=dict(tally.looks),
            canaries_full=tally.keys_full,
            seconds=round(seen.now - self.began, 3),
            silence=round(self.silence, 3),
            touched=self.touched,
            hole=self.hole,
            partial=None if self._half is None else Partial(*self._half),
            file=LogFile(file.inode, file.size, file.born or None) if file else None,
            changes=self.changes,
            losses=self.losses,
            unread_parts=self.unread_parts[:MAX_LISTED],
            writers=seen.writers,
            open=None if around is None or file is None else _open(around, file),
            disk=None if around is None or around.free is None else Disk(around.free, around.size),
            unseen=self.blind if around is None else len(around.unseen),
            looked=None if seen.looked is None else round(seen.looked, 3),
        )


def _open(around: DirectoryState, file: FileState) -> int | None:
    """How many processes have the file open for writing; None where some cannot be seen."""
    found = len({one.pid for one in around.holders if one.file.ident == file.ident})
    return None if around.unseen and not found else found


def _clock(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%H:%M:%S")
