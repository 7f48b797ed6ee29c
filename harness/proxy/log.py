"""One line per event on standard error, as `level message key=value ...`."""

from __future__ import annotations

import sys
import time

LEVELS = {"debug": 0, "info": 1, "warning": 2, "error": 3}


class Log:
    """Writes the events at or above a level. Never raises: a full or closed standard error must not stop traffic."""

    def __init__(self, level: str = "info") -> None:
        self.threshold = LEVELS.get(level.lower(), 1)

    def write(self, level: str, message: str, **fields: object) -> None:
        if LEVELS[level] < self.threshold:
            return
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        rest = "".join(f" {key}={value!s}" for key, value in fields.items())
        try:
            sys.stderr.write(f"{stamp} {level} {message}{rest}\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            self.threshold = 99


LOG = Log()
