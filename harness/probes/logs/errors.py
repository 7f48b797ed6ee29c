"""Which records of a log tell an error, of which kind, and by what that was known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.events.log import ErrorKind
from harness.probes.logs.exceptions import Exceptional, last_line, shortened, told
from harness.probes.logs.fields import FieldReader
from harness.probes.logs.kinds import kind_of
from harness.probes.logs.levels import ERROR, ERRORS, FATAL, FIELDS, level_of
from harness.probes.logs.styles import crash_of, level_in, may_tell_errors

MAX_LINES = 5  # errors that are kept whole
MAX_KINDS = 50  # that are told apart
CLASSIFIED = 2000  # records of a window whose levels are counted, errors or not
LONGEST = 2000  # characters of an error that are kept
OTHERS = "(others)"

EVENTS = ("event", "event_name", "eventName", "event.action", "EventId", "action", "evt")
MESSAGES = ("message", "msg", "@m", "@mt", "short_message", "event", "text", "Message", "msg_text", "log")
TRACES = ("exc_info", "exception", "stack_trace", "stack", "stacktrace", "traceback", "@x", "err", "error",
          "error.stack_trace")  # fmt: skip
WANTED = tuple(dict.fromkeys((*FIELDS, *EVENTS, *MESSAGES, *TRACES)))


class ErrorLines:
    """Those of one window.

    Args:
        pattern: what the stack declares instead of the levels; None where it declares nothing.

    Attributes:
        count: errors. lines: the first few, whole.
        levels: records by the level that they tell, of the first CLASSIFIED; the empty name for none that is known.
        styles: by what it was told.
        mix: the same records by their kind.
    """

    def __init__(self, pattern: re.Pattern[str] | None) -> None:
        self._pattern = pattern
        self.count = 0
        self.lines: list[str] = []
        self.levels: dict[str, int] = {}
        self.styles: dict[str, int] = {}
        self.mix: dict[str, int] = {}
        self._kinds: dict[str, ErrorKind] = {}
        self._open: Exceptional | None = None
        self._left = CLASSIFIED
        self._field: str | None = None  # that told the level of the last record
        self._reader = FieldReader(WANTED)

    def add(self, piece: bytes) -> None:
        """Look at complete lines, each with its line feed."""
        if not (piece[:1] == b"{" or b"\n{" in piece):
            if self._left > 0 or self._open is not None or self._pattern is not None or may_tell_errors(piece):
                for line in piece.split(b"\n")[:-1]:
                    if self._left > 0 or self._open is not None or self._pattern is not None or may_tell_errors(line):
                        self._text(line.decode("utf-8", "replace"))
            return
        lines = piece.split(b"\n")[:-1]
        self.add_rows(piece, lines, self._reader.rows(lines), self._reader)

    def add_rows(self, piece: bytes, lines: Sequence[bytes], rows: Sequence[Any], reader: FieldReader) -> None:
        """The same, where those that are records were read already, by a reader of WANTED; None for the others."""
        self._reader = reader
        if self._left <= 0 and self._open is None and self._harmless(piece, rows):
            return
        names = self._present(piece)
        for line, row in zip(lines, rows, strict=True):
            if row is None:
                self._text(line.decode("utf-8", "replace"))
            elif self._pattern is None:
                self._record(line, row, names)
            elif self._pattern.search(line.decode("utf-8", "replace")):
                self._close()
                self._found(line, row, ERROR)

    @property
    def unfinished(self) -> bool:
        """The last line told an error, and what follows may belong to it."""
        return self._open is not None

    def fields(self) -> list[ErrorKind]:
        """The kinds, the most frequent first. What a record has begun to tell is taken as it is."""
        self._close()
        return sorted(self._kinds.values(), key=lambda one: -one.count)

    def _harmless(self, piece: bytes, rows: Sequence[Any]) -> bool:
        """Whether none of many records tells an error, told by the few levels that they have."""
        if self._pattern is not None or None in rows:
            return False
        if self._field is None:
            return not self._present(piece) and not may_tell_errors(piece)
        try:
            values = set(self._reader.column(rows, self._field))
        except TypeError:  # an object
            return False
        levels = {None if value is None else level_of(self._field, value) for value in values}
        return not levels & {None, *ERRORS}

    @staticmethod
    def _present(piece: bytes) -> tuple[str, ...]:
        return tuple(name for name in FIELDS if f'"{name}"'.encode() in piece)

    def _classified(self, text: str, level: str | None, style: str | None) -> None:
        """Count one of the first records: its level, and its kind."""
        if self._left > 0:
            self._left -= 1
            kind = kind_of(text)
            kind = kind if kind in self.mix or len(self.mix) < MAX_KINDS else OTHERS
            self.mix[kind] = self.mix.get(kind, 0) + 1
            self.levels[level or ""] = self.levels.get(level or "", 0) + 1
            if style is not None:
                self.styles[style] = self.styles.get(style, 0) + 1

    # -- records -----------------------------------------------------------------------------------------------------

    def _record(self, line: bytes, row: Any, names: tuple[str, ...]) -> None:
        self._close()
        get = self._reader.get
        for name in names:
            value = get(row, name)
            level = None if value is None else level_of(name, value)
            if level is not None:
                self._field = name
                if self._left > 0:
                    self._classified(self._named(line, row, level), level, f"field {name}")
                if level in ERRORS:
                    self._found(line, row, level)
                return
        message = self._first(row, MESSAGES)  # a record without a level may hold a line of text that has one
        style = level_in(message) if message else None
        if style is None and message and (crash := crash_of(message)) is not None:
            style = (ERROR, crash)
        named = self._named(line, row, style[0] if style else "") if self._left > 0 else ""
        self._classified(named, style[0] if style else None, style[1] if style else None)
        if style is not None and style[0] in ERRORS:
            self._found(line, row, style[0])

    def _named(self, line: bytes, row: Any, level: str) -> str:
        """A record without what is no word of its own: level and event or message, where it has one."""
        message = self._first(row, EVENTS) or self._first(row, MESSAGES)
        return f"{level}: {message}" if message else line[:LONGEST].decode("utf-8", "replace")

    def _found(self, line: bytes, row: Any, level: str) -> None:
        text = line.decode("utf-8", "replace")
        message, trace = self._first(row, MESSAGES), last_line(self._first(row, TRACES))
        first = f"{level}: {message}" if message else text
        half = LONGEST // 2
        whole = text if len(text) <= LONGEST or not trace else f"{text[:half]} ... {shortened(trace, half)}"
        kind = kind_of(first) + (f" | {kind_of(trace)}" if trace and trace not in first else "")
        self._count(kind, shortened(whole, LONGEST), told(first, trace) if trace else shortened(first, 300))

    def _first(self, row: Any, names: Sequence[str]) -> str:
        for name in names:
            value = self._reader.get(row, name)
            if isinstance(value, Mapping):
                inner = (value.get(key) for key in ("stack_trace", "stack", "message"))
                value = next((one for one in inner if isinstance(one, str) and one), None)
            if isinstance(value, str) and value:
                return value
        return ""

    # -- text --------------------------------------------------------------------------------------------------------

    def _text(self, line: str) -> None:
        if self._open is not None:
            if self._open.takes(line):
                return
            self._close()
        if self._pattern is not None:
            if self._pattern.search(line):
                self._begin(line, crash_of(line))
            return
        crash = crash_of(line)
        style = (FATAL if crash in ("Go", "native") else ERROR, crash) if crash else level_in(line)
        self._classified(line, style[0] if style else None, style[1] if style else None)
        if style is not None and style[0] in ERRORS:
            self._begin(line, crash)

    def _begin(self, line: str, crash: str | None) -> None:
        self.count += 1
        self._open = Exceptional(line, crash)

    def _close(self) -> None:
        found, self._open = self._open, None
        if found is None:
            return
        first, telling = found.lines[0], found.telling
        plain = found.crash == "Python" and first.startswith("Traceback")  # the first line is the same for all
        kind = kind_of(telling) if plain or telling in first else f"{kind_of(first)} | {kind_of(telling)}"
        self.count -= 1
        self._count(kind, found.text, found.said)

    def _count(self, kind: str, whole: str, example: str) -> None:
        self.count += 1
        if len(self.lines) < MAX_LINES:
            self.lines.append(whole)
        if kind not in self._kinds and len(self._kinds) >= MAX_KINDS:
            kind = OTHERS
        before = self._kinds.get(kind)
        self._kinds[kind] = ErrorKind(kind, 1, example) if before is None else before.again()
