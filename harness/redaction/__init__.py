"""Secrets do not enter what a run keeps or shows: what is one is replaced by a digest, see `Redactor`."""

from __future__ import annotations

from harness.redaction.lines import StreamRedactor
from harness.redaction.patterns import setting, text
from harness.redaction.placeholder import NO_SECRET_NAME, PLACEHOLDER, SECRET_NAME, redacted
from harness.redaction.redactor import SHORTEST, Redactor

__all__ = [
    "NO_SECRET_NAME",
    "PLACEHOLDER",
    "SECRET_NAME",
    "SHORTEST",
    "Redactor",
    "StreamRedactor",
    "redacted",
    "setting",
    "text",
]
