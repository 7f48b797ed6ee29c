"""A text that comes line by line: a private key is known by its first line alone."""

from __future__ import annotations

import re

from harness.redaction.placeholder import redacted
from harness.redaction.redactor import Redactor

MAX_KEY_LINES = 400  # lines of a key; what goes on for longer was never ended
_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY( BLOCK)?-----\s*$")
_END = "-----END "


class StreamRedactor:
    """Redacts one stream. The lines between a private key's first and last one are hidden, whatever they look like."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._left = 0

    def text(self, line: str) -> str:
        """The next line."""
        if self._left and _END in line:
            self._left = 0
        elif self._left:
            self._left -= 1
            return redacted(line) if line.strip() else line
        if _BEGIN.search(line):
            self._left = MAX_KEY_LINES
        return self._redactor.text(line)
