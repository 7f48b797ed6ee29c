"""Counts the records of a log: complete lines, JSON or text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, cast

from harness.errors import UsageError
from harness.probes.logs.errors import WANTED, ErrorLines
from harness.probes.logs.fields import FieldReader
from harness.probes.logs.lines import MAX_LINE_BYTES, decoded
from harness.probes.logs.sequence import Sequence
from harness.probes.logs.spec import LogSpec
from harness.probes.logs.times import RecordTimes, all_seconds

RELEASES = 50  # different releases that are told apart
KEYS = 50_000  # of requests, in one window: so many come in a soak of minutes
USUAL = 0.5  # s between two looks; longer ones are told with each canary
LONGEST_KEY = 2000  # characters of a field in which a key is looked for
PIECE = 1 << 18  # bytes that are looked at together: a damaged line costs the speed of so many
_BLANK = re.compile(rb"\n[ \t\r\v\f]*(?=\n)")
_KEY = re.compile(r"^[^\s\"']+-\d+$")
_WORDS = re.compile(r"[\w \-:/,=\"'<>]+(\|[\w \-:/,=\"'<>]+)*")


@dataclass(frozen=True, slots=True)
class Moment:
    """When lines were found. Times by the replica's clock, Unix.

    Attributes:
        looked: when the file was last read to its end before.
        now: the present.
        ours: the present by the harness's clock.
        before: s between the beginning of the last look that read to the end, and the present.
        elsewhere: they stand in a file that the path does not name any more.
    """

    looked: float
    now: float
    ours: float
    zone: float = 0.0
    elsewhere: bool = False
    before: float = 0.0


class RecordCounter:
    """What a log said in one window.

    Attributes:
        records: complete lines that are not blank.
        heartbeats: those of them that prove no work; elsewhere: those in files that the path does not name any more.
        unparsed, newest: as in `probe.log`.
        errors: records that tell an error.
        releases: by name: [count, first, last], Unix times of records where they carry one, else of when they were
            seen. The empty name is for records that name none.
        keys: when each canary's key was seen first, Unix time by the harness's clock; `keys_full`: there were more.
    """

    def __init__(
        self, spec: LogSpec, sequence: Sequence, prefix: str = "", seen: Callable[[str], None] | None = None
    ) -> None:
        self._spec, self._seen = spec, seen
        self._heartbeat, pattern = compiled(spec, "heartbeat"), compiled(spec, "errors")
        # A pattern of plain words is looked for in whole pieces first.
        self._words = tuple(spec.errors.encode().split(b"|")) if spec.errors and _WORDS.fullmatch(spec.errors) else ()
        self.errors = ErrorLines(pattern)
        self._json = spec.format == "json"
        self._declared = {name for name in (spec.release, spec.time, spec.sequence, spec.canary) if name}
        self._fields = FieldReader((*self._declared, *WANTED))
        self._key = re.compile(re.escape(prefix) + r"-\d+(?!\d)") if prefix else _KEY
        self.records = self.heartbeats = self.elsewhere = self.unparsed = 0
        self.releases: dict[str, list[Any]] = {}
        self.newest: str | None = None
        self.keys: dict[str, float] = {}
        self.looks: dict[str, float] = {}
        self.keys_full = False
        self.sequence = sequence
        self.times = RecordTimes(spec.tolerance)

    @property
    def own(self) -> int:
        """Records that prove that the log at the path is written."""
        return self.records - self.heartbeats - self.elsewhere

    def add(self, block: bytes, moment: Moment) -> None:
        """Count complete lines, each with its line feed; blank ones are no records."""
        text = b"\n" + block
        block = _BLANK.sub(b"", text)[1:] if _BLANK.search(text) else block
        for piece in pieces(block):
            self._piece(piece, moment)

    def _piece(self, piece: bytes, moment: Moment) -> None:
        count = piece.count(b"\n")
        self.records += count
        if moment.elsewhere:
            self.elsewhere += count
        elif self._heartbeat is not None:
            self.heartbeats += sum(self._heartbeat.search(line) is not None for line in decoded(piece))
        if self._seen is not None:
            for line in decoded(piece):
                self._seen(line)
        damaged = b"\0" in piece or len(piece) > MAX_LINE_BYTES
        if not self._json:
            if self._may_tell_errors(piece):
                self.errors.add(piece)
            if damaged:
                self.unparsed += sum(b"\0" in line or len(line) > MAX_LINE_BYTES for line in piece.split(b"\n")[:-1])
            return
        lines = piece.split(b"\n")
        lines.pop()
        rows = self._fields.rows(lines)
        if self._may_tell_errors(piece):
            self.errors.add_rows(piece, lines, rows, self._fields)
        if damaged:
            rows = [
                None if b"\0" in line or len(line) > MAX_LINE_BYTES else row
                for line, row in zip(lines, rows, strict=True)
            ]
        found = [row for row in rows if row is not None] if None in rows else rows
        self.unparsed += count - len(found)
        if found:
            self._read({name: self._fields.column(found, name) for name in self._declared}, moment)

    def _may_tell_errors(self, piece: bytes) -> bool:
        return not self._words or self.errors.unfinished or any(word in piece for word in self._words)

    def _read(self, columns: Mapping[str, list[Any]], moment: Moment) -> None:
        """What the declared fields of the records say."""
        spec, times = self._spec, list[float | None]()
        if spec.time is not None:
            values = columns[spec.time]
            newest = next((value for value in reversed(values) if value is not None), None)
            self.newest = self.newest if newest is None else str(newest)[:100]
            times = all_seconds(values, moment.zone, moment.now)
            known = [time for time in times if time is not None] if None in times else cast("list[float]", times)
            self.times.unreadable += len(times) - len(known)
            self.times.add(known, moment.looked, moment.now)
        if spec.release is not None:
            self._count_releases(columns[spec.release], times, moment.ours)
        if spec.sequence is not None:
            self.sequence.add(columns[spec.sequence])
        if spec.canary is not None:
            for key in columns[spec.canary]:
                self._canary(key, moment)

    def _count_releases(self, values: list[Any], times: list[float | None], ours: float) -> None:
        first = values[0]
        if isinstance(first, str) and values.count(first) == len(values) and None not in times:  # as nearly always
            known = cast("list[float]", times)
            self._count_release(first, len(values), min(known, default=ours), max(known, default=ours))
            return
        names = ["" if value is None else value if isinstance(value, str) else str(value) for value in values]
        for name, time in zip_longest(names, times):
            self._count_release(name or "", 1, ours if time is None else time, ours if time is None else time)

    def _count_release(self, name: str, count: int, first: float, last: float) -> None:
        name = name[:100]
        if name not in self.releases and len(self.releases) >= RELEASES:
            name = "(others)"
        entry = self.releases.setdefault(name, [0, first, last])
        entry[:] = entry[0] + count, min(entry[1], first), max(entry[2], last)

    def _canary(self, key: Any, moment: Moment) -> None:
        found = self._key.search(key[:LONGEST_KEY]) if isinstance(key, str) else None
        if found is None or (key := found[0]) in self.keys:
            return
        if len(self.keys) >= KEYS:
            self.keys_full = True
        else:
            self.keys[key] = round(moment.ours, 3)
            if moment.before > USUAL:
                self.looks[key] = round(moment.before, 3)


def pieces(block: bytes) -> Iterator[bytes]:
    """Complete lines in pieces of PIECE bytes, or of the one line that is longer."""
    start = 0
    while start < len(block):
        end = block.rfind(b"\n", start, start + PIECE) + 1 or block.find(b"\n", start + PIECE) + 1
        yield block[start:end]
        start = end


def compiled(spec: LogSpec, key: str) -> re.Pattern[str] | None:
    """A declared pattern; None where there is none.

    Raises:
        UsageError: it is no regular expression.
    """
    text = getattr(spec, key)
    if text is None:
        return None
    try:
        return re.compile(text)
    except re.error as error:
        raise UsageError(
            f"The pattern of a log's {'error lines' if key == 'errors' else 'heartbeats'} is not a regular expression",
            where=f"x-harness: logs: {spec.path}: {key}",
            got=f"{text!r} ({error})",
        ) from error
