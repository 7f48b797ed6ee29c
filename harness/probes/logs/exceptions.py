"""What belongs to an error in a log: the lines of an exception behind its first one, and which one says what it is."""

from __future__ import annotations

import re

from harness.probes.logs.styles import crash_of, level_in

MOST = 400  # lines of one exception that are kept; the last one is kept whatever comes before it
LONGEST = 2000  # characters of an error that are kept
SAID = 300  # characters of what tells it

_CHAINED = ("During handling of the above", "The above exception was")
_MORE = (
    *_CHAINED, "Caused by:", "Suppressed:", "goroutine ", "created by ",
    "stack backtrace:", "note: run with", "note: Some details", "[signal ", "exit status", "Stack trace:", "--- End of",
    "  thrown in", "#", "}", "Node.js v",
)  # fmt: skip
_GO_FRAME = re.compile(r"^[\w./*()\[\]-]+\(.*\)$")
_LAST = re.compile(r"^[A-Za-z_][\w.]*(?::\s.*|:)?$")


class Exceptional:
    """One error: its first line, and those that belong to it as they come.

    Attributes:
        crash: the language of a program that broke here; None for a record that only tells an error.
    """

    def __init__(self, line: str, crash: str | None) -> None:
        self.crash = crash
        self.lines = [line]
        self._traceback = crash == "Python"

    def takes(self, line: str) -> bool:
        """Whether the line belongs to it; then it is kept."""
        mine = self._belongs(line)
        if mine:
            if len(self.lines) < MOST:
                self.lines.append(line)
            else:
                self.lines[-1] = line
        return mine

    def _belongs(self, line: str) -> bool:
        if line[:1] in (" ", "\t") or line.startswith(_MORE):
            return True
        crash = crash_of(line)
        if crash == "Python" and not self._traceback:  # of the record before it, or the cause of the one before it
            mine = len(self.lines) == 1 or self.lines[-1].startswith(_CHAINED)
            self._traceback, self.crash = mine, self.crash or crash
            return mine
        if self._traceback:  # what is not indented any more is its last line, and there is one
            self._traceback = False
            return _LAST.match(line) is not None
        if len(self.lines) > 1 or level_in(line) is not None:
            return self.crash == "Go" and _GO_FRAME.match(line) is not None
        if crash in ("Java", "exception", "PHP"):  # a record, and the exception that it tells of
            self.crash = self.crash or crash
            return True
        return self.crash in ("Rust", "native", "Go")  # the message stands on the line behind

    @property
    def text(self) -> str:
        """All of it; the middle is left out where it is long, never the end."""
        return shortened("\n".join(self.lines), LONGEST)

    @property
    def telling(self) -> str:
        """The line that says what it is."""
        first, *rest = self.lines
        if self.crash is None or not rest:
            return first
        causes = [line for line in rest if line.startswith("Caused by:")]
        if causes:
            return causes[-1]
        plain = [line for line in rest if line[:1] not in (" ", "\t", "#") and not line.startswith(_MORE)]
        if self.crash == "Python" and plain:
            return plain[-1]
        if self.crash == "Rust":
            return rest[0].strip()
        return plain[0] if plain and crash_of(plain[0]) else first

    @property
    def said(self) -> str:
        """Its first line, and the one that says what it is."""
        return told(self.lines[0], self.telling)


def told(first: str, telling: str) -> str:
    """A record and what it tells of, in one line."""
    if telling in first:
        return shortened(first, SAID)
    return f"{shortened(first, SAID // 2)} ... {shortened(telling, SAID)}"


def shortened(text: str, longest: int) -> str:
    """Without its middle where it is longer; what it ends with is what it is about."""
    if len(text) <= longest:
        return text
    head = longest // 3
    return f"{text[:head]} ... {text[head - longest + 5 :]}"


def last_line(trace: str) -> str:
    """Of a stack trace in a field of a record, the line that says what it is."""
    lines = [line for line in trace.splitlines() if line.strip()]
    if not lines:
        return ""
    found = Exceptional(lines[0], crash_of(lines[0]) or "exception")
    for line in lines[1:]:
        found.takes(line)
    return found.telling.strip()
