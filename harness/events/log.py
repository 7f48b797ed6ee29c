"""What the followed logs of replicas hold; see [logs.md](logs.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from harness.events._body import Detail, Number, OfReplica


class Times(Detail, frozen=True):
    """The times that records carry. `worst` is a Unix time, `step`, `lead` and `lag` are seconds, the others count."""

    unreadable: int = 0
    backward: int = 0
    step: Number = 0.0
    ahead: int = 0
    lead: Number = 0.0
    blocks: int = 0
    stale: int = 0
    lag: Number = 0.0
    worst: Number | None = None


class Numbers(Detail, frozen=True):
    """The numbers that records carry: counts, the last number, and the first irregular ones in words."""

    last: int | None = None
    missing: int = 0
    repeated: int = 0
    restarts: int = 0
    unreadable: int = 0
    shown: Sequence[str] = ()


class Partial(Detail, frozen=True):
    """Half a line at the end: its length in bytes, and since when it is there (Unix time)."""

    bytes: int = 0
    since: Number = 0.0


class LogFile(Detail, frozen=True):
    """The file at the path: inode, size in bytes, and when it was made, where the file system tells."""

    inode: int = 0
    size: int = 0
    born: str | None = None


class Change(Detail, frozen=True):
    """What became of the file: `what`, when (Unix time), inode before and after, size in bytes, and whether the file
    system tells when files are made.
    """

    what: str = ""
    at: Number = 0.0
    was: int | None = None
    now: int | None = None
    size: int | None = None
    births: bool = False


class Loss(Detail, frozen=True):
    """What cannot be had: in words, from which inode and byte on, between which Unix times."""

    what: str = ""
    inode: int | None = None
    offset: int | None = None
    after: Number | None = None
    before: Number | None = None
    gone: bool = False  # the file was emptied, and of what it had held before there is no copy either


class Writer(Detail, frozen=True):
    """Who writes to a file that the path does not name. `since` is a Unix time, `grew` are bytes."""

    pid: int | None = None
    process: str | None = None
    inode: int | None = None
    file: str | None = None
    how: str = ""
    since: Number | None = None
    grew: int = 0


class Disk(Detail, frozen=True):
    """The file system: bytes that are free, and in all."""

    free: int | None = None
    size: int | None = None


class Mount(Detail, frozen=True):
    """A log that is a mount of its own: which file that was, and which one it shows now."""

    was: str | None = None
    shows: str | None = None


class ErrorKind(Detail, frozen=True):
    """Records that tell the same error: what they have in common, how many, and what one of them said."""

    name: str = ""
    count: int = 0
    example: str = ""

    def again(self) -> ErrorKind:
        """With one more."""
        return ErrorKind(self.name, self.count + 1, self.example)


class ProbeLog(OfReplica, frozen=True):
    """What a log got since the report before."""

    kind: ClassVar[str] = "probe.log"

    path: str  # of the log; `stdout` or `stderr` of one that is no file
    # `ok`, `missing` (it was never there), `deleted`, `replaced`, `truncated`; null where it could not be read
    state: str | None
    error: str | None  # why not all of it could be read
    skew: Number | None  # seconds by which the replica's clock is ahead of the harness's
    mount: Mount | None  # of a log that is a mount: the file that it `was`, and the one that it `shows`
    records: int  # new, complete ones
    heartbeats: int  # how many of them say only that the writer lives
    elsewhere: int  # how many of them are in files that the path does not name any more
    by_release: Mapping[str, int]  # count of records by release; the empty text counts those that name none
    releases: Mapping[str, tuple[Number, Number]]  # of each, `[first, last]`, Unix times
    unparsed: int  # count of malformed records
    torn: int  # count of those that are cut off at the end of a rotated part
    errors: int  # count of records that tell an error
    error_lines: Sequence[str]  # the first few, with the lines of their exceptions
    error_kinds: Sequence[ErrorKind]  # by what they have in common: `name`, `count`, and an `example`
    levels: Mapping[str, int]  # count of the first records by level; the empty text counts those that tell none
    # of the same, by kind: the text with a star for what changes; those beyond the first 50 are `(others)`
    kinds: Mapping[str, int]
    styles: Mapping[str, int]  # count of the same by what told it: `field level`, `[level]`, `Python`
    newest: str | None  # time of the last record, as it is written
    # `unreadable`, `backward` (by `step` s at most), `ahead` (by `lead` s), `blocks` and `stale` (late by `lag`
    # s), `worst` (Unix time)
    times: Times
    # `last` number, how many are `missing`, `repeated`, `unreadable`, how many `restarts`, and some `shown`
    sequence: Numbers
    canaries: Mapping[str, Number]  # key to the Unix time at which it was seen
    canary_looks: Mapping[str, Number]  # key to the seconds since the look before that, where it was more than 0.5
    canaries_full: bool  # there were more of them than are kept
    seconds: Number  # for how long it was watched
    silence: Number  # the longest that was seen, s
    touched: bool  # the file's time changed, and nothing was written
    hole: int  # NUL bytes that were skipped
    partial: Partial | None  # half a line at the end: `bytes`, and `since` when (Unix time)
    file: LogFile | None  # `inode`, `size` in bytes and when it was `born`, of the file at the path
    changes: Sequence[Change]  # what became of the file
    losses: Sequence[Loss]  # what cannot be had
    unread_parts: Sequence[str]  # in words
    writers: Sequence[Writer]  # who writes to a file that the path does not name
    open: int | None  # processes that have it open for writing; null where some cannot be seen
    disk: Disk | None  # bytes `free`, and `size` in bytes
    unseen: int | str | None  # processes whose files cannot be seen: count, or why none can
    looked: Number | None = None  # Unix time at which it was last asked for; what came later may be missing


class LogRotate(OfReplica, frozen=True):
    """A log was rotated on purpose, as logrotate does it: renamed, and its writer told."""

    kind: ClassVar[str] = "log.rotate"

    path: str  # of the log
    part: str  # where its file went
    told: str  # how its writer was told: the signal, or the command; empty where it finds out by itself
    error: str | None  # why it could not be rotated


class LogTail(OfReplica, frozen=True):
    """The latest records of a log, when the first check of a phase failed."""

    kind: ClassVar[str] = "log.tail"

    path: str  # of the log
    lines: Sequence[str]  # the records
