"""What logs complain of after an attempt of the deployer, and did not before it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.diagnoses._case import Attempt, Case
from harness.event import Event, of
from harness.events import ProbeLog
from harness.printable import excerpt

MESSAGES = ("message", "msg", "event", "text")
CAUSES = ("error", "err", "exc", "exc_info", "exception", "traceback", "stack", "reason", "detail")
_CHANGING = re.compile(r"[0-9a-fA-F]{8,}|\d+")

Complaint = tuple[Event[ProbeLog], str]
"""The event, and the line as it stands in the log."""


def complaints(case: Case, attempt: Attempt) -> list[Complaint]:
    """Error lines of a kind that was not there before the deployer did anything."""
    usual = {_kind(line) for event in of(case.before.events, ProbeLog) for line in event.body.error_lines}
    return [
        (event, line)
        for event in of(attempt.after.events, ProbeLog)
        for line in event.body.error_lines
        if _kind(line) not in usual
    ]


def said(complaint: Complaint) -> str:
    """`backend-1 says ...`."""
    event, line = complaint
    return f"{event.body.replica} says {excerpt(' '.join(_words(line)))}"


def _words(line: str) -> Iterator[str]:
    """What a line says: of JSON its message and the last line of its exception, of text the whole."""
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, Mapping):
        yield line
        return
    parts = [(name, str(found[name])) for names in (MESSAGES, CAUSES) for name in names if found.get(name)]
    for number, (name, text) in enumerate(parts):
        lines = [one for one in text.splitlines() if one.strip()] or [text]
        last = lines[-1].strip() if name in CAUSES else text
        yield f"{last}:" if number == 0 and len(parts) > 1 else last
    if not parts:
        yield line


def _kind(line: str) -> str:
    """A line without what changes from one time to the next."""
    return _CHANGING.sub("#", line)
