"""Counts the records of a log: complete lines, JSON or text."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, cast

from harness.errors import UsageError
from harness.probes.logs.lines import LONGEST
from harness.probes.logs.sequence import Sequence
from harness.probes.logs.spec import LogSpec
from harness.probes.logs.times import Times, seconds

SHOWN = 5  # error lines that are kept
RELEASES = 50  # different releases that are told apart
KEYS = 5000  # of canaries, in one window
LONGEST_KEY = 2000  # characters of a field in which a key is looked for
BATCH = 1000  # lines that are parsed at once
_JOINT = secrets.token_hex(16)  # stands between two lines that are parsed at once; no line can know it
_KEY = re.compile(r"^[^\s\"']+-\d+$")
_WORDS = re.compile(r"[\w \-:/,=\"'<>]+(\|[\w \-:/,=\"'<>]+)*")


@dataclass(frozen=True, slots=True)
class Moment:
    """When lines were found. Times by the replica's clock, Unix.

    Attributes:
        looked: when the file was last read to its end before.
        now: the present.
        ours: the present by the harness's clock.
        elsewhere: they stand in a file that the path does not name any more.
    """

    looked: float
    now: float
    ours: float
    zone: float = 0.0
    elsewhere: bool = False


class Tally:
    """What a log said in one window.

    Attributes:
        records: complete lines that are not blank.
        heartbeats: those of them that prove no work; elsewhere: those in files that the path does not name any more.
        unparsed, errors, error_lines, newest: as in `probe.log`.
        releases: by name: [count, first, last], Unix times of records where they carry one, else of when they were
            seen. The empty name is for records that name none.
        keys: when each canary's key was seen first, Unix time by the harness's clock; `keys_full`: there were more.
    """

    def __init__(
        self, spec: LogSpec, sequence: Sequence, prefix: str = "", seen: Callable[[str], None] | None = None
    ) -> None:
        self._spec, self._seen = spec, seen
        self._error, self._heartbeat = compiled(spec, "errors"), compiled(spec, "heartbeat")
        self._words = tuple(spec.errors.split("|")) if _WORDS.fullmatch(spec.errors) else ()
        self._json = spec.format == "json"
        self._key = re.compile(re.escape(prefix) + r"-\d+(?!\d)") if prefix else _KEY
        self.records = self.heartbeats = self.elsewhere = self.unparsed = self.errors = 0
        self.releases: dict[str, list[Any]] = {}
        self.error_lines: list[str] = []
        self.newest: str | None = None
        self.keys: dict[str, float] = {}
        self.keys_full = False
        self.sequence = sequence
        self.times = Times(spec.tolerance)

    @property
    def own(self) -> int:
        """Records that prove that the log at the path is written."""
        return self.records - self.heartbeats - self.elsewhere

    def add(self, lines: list[str], moment: Moment) -> None:
        """Count complete lines; blank ones are no records."""
        lines = [line for line in lines if line and not line.isspace()]
        self.records += len(lines)
        if moment.elsewhere:
            self.elsewhere += len(lines)
        elif self._heartbeat is not None:
            self.heartbeats += sum(self._heartbeat.search(line) is not None for line in lines)
        if self._seen is not None:
            for line in lines:
                self._seen(line)
        for start in range(0, len(lines), BATCH):
            self._batch(lines[start : start + BATCH], moment)

    def _batch(self, lines: list[str], moment: Moment) -> None:
        text = "\n".join(lines)
        assert self._error is not None
        if not self._words or any(word in text for word in self._words):
            self._look_for_errors(lines)
        if "\0" in text or len(text) > LONGEST:
            good = [line for line in lines if "\0" not in line and len(line) <= LONGEST]
            self.unparsed += len(lines) - len(good)
            lines = good
        if self._json:
            found = parsed(lines)
            self.unparsed += len(lines) - len(found)
            if found:
                self._fields(found, moment)

    def _look_for_errors(self, lines: list[str]) -> None:
        assert self._error is not None
        for line in lines:
            if self._error.search(line):
                self.errors += 1
                if len(self.error_lines) < SHOWN:
                    self.error_lines.append(line[:500])

    def _fields(self, found: list[dict[str, Any]], moment: Moment) -> None:
        """What the declared fields of the records say."""
        spec, times = self._spec, list[float | None]()
        if spec.time is not None:
            values = [record.get(spec.time) for record in found]
            newest = next((value for value in reversed(values) if value is not None), None)
            self.newest = self.newest if newest is None else str(newest)[:100]
            zone = moment.zone  # a float of this size is what it is; this is half the work of a record
            times = [v if type(v) is float and -1e11 < v < 1e11 else seconds(v, zone) for v in values]
            known = [time for time in times if time is not None] if None in times else cast("list[float]", times)
            self.times.unreadable += len(times) - len(known)
            self.times.add(known, moment.looked, moment.now)
        if spec.release is not None:
            self._count_releases([record.get(spec.release) for record in found], times, moment.ours)
        if spec.sequence is not None:
            self.sequence.add([record.get(spec.sequence) for record in found])
        if spec.canary is not None:
            for record in found:
                self._canary(record.get(spec.canary), moment.ours)

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

    def _canary(self, key: Any, ours: float) -> None:
        found = self._key.search(key[:LONGEST_KEY]) if isinstance(key, str) else None
        if found is None or (key := found[0]) in self.keys:
            return
        if len(self.keys) >= KEYS:
            self.keys_full = True
        else:
            self.keys[key] = round(ours, 3)


def parsed(lines: list[str]) -> list[dict[str, Any]]:
    """The records that lines hold; what is no JSON object is left out.

    All are parsed at once, with a text between each two that no line can hold: so what comes back between them is
    what each line is by itself. Where that fails, each line is parsed alone.
    """
    if not lines:
        return []
    try:
        values = json.loads("[" + f',"{_JOINT}",'.join(lines) + "]")
    except (ValueError, RecursionError):
        values = []
    found: list[dict[str, Any]] = values[::2]
    joints = set(map(str, values[1::2]))
    if len(values) == 2 * len(lines) - 1 and joints <= {_JOINT} and set(map(type, found)) == {dict}:
        return found
    return [record for line in lines if (record := _record(line)) is not None]


def _record(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


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
