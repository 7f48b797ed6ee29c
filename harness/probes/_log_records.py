"""Counts the records of a log: complete lines, JSON or text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

SHOWN = 5  # error lines that are kept
RELEASES = 50  # different releases that are told apart
LONGEST = 1 << 20  # characters of a line; a longer one is a record that cannot be parsed


@dataclass
class Tally:
    """What a log said. `by_release` counts records that name no release under the empty text.

    Attributes:
        json_lines: every record is a JSON object; else a line of text.
        release, time: the fields that hold the release and the time, or None.
        errors: what an error line matches.
        seen: called with every record.
    """

    json_lines: bool
    release: str | None
    time: str | None
    error: re.Pattern[str]
    seen: Callable[[str], None] | None = None
    records: int = 0
    unparsed: int = 0
    errors: int = 0
    by_release: dict[str, int] = field(default_factory=dict)
    error_lines: list[str] = field(default_factory=list)
    newest: str | None = None

    def add(self, line: str) -> None:
        """Count one complete line; a blank one is no record."""
        if not line.strip():
            return
        self.records += 1
        if self.seen is not None:
            self.seen(line)
        if self.error.search(line):
            self.errors += 1
            if len(self.error_lines) < SHOWN:
                self.error_lines.append(line[:500])
        if "\0" in line or len(line) > LONGEST:
            self.unparsed += 1
        elif self.json_lines:
            self._parse(line)

    def _parse(self, line: str) -> None:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            self.unparsed += 1
            return
        if self.time is not None and self.time in record:
            self.newest = str(record[self.time])[:100]
        if self.release is not None:
            value = record.get(self.release)
            name = "" if value is None else str(value)[:100]
            if name not in self.by_release and len(self.by_release) >= RELEASES:
                name = "(others)"
            self.by_release[name] = self.by_release.get(name, 0) + 1


@dataclass
class Lines:
    """Cuts a growing text into complete lines; keeps the incomplete rest until it is completed."""

    rest: str = ""
    skipping: bool = False  # the line that is being read began before the mark

    def feed(self, text: str) -> list[str]:
        """The lines that are complete now."""
        *complete, self.rest = (self.rest + text).split("\n")
        if len(self.rest) > LONGEST + 1:
            self.rest = self.rest[: LONGEST + 1]  # enough to be told as too long, bounded however long it becomes
        if self.skipping and complete:
            del complete[0]
            self.skipping = False
        return complete

    def begin(self, *, skipping: bool = False) -> None:
        """Start afresh: at a new file, or within a line that is not to be counted."""
        self.rest, self.skipping = "", skipping
