"""Secrets do not enter what a run keeps or shows: what is one is replaced by a digest, see `Redactor`."""

from __future__ import annotations

from harness.redaction.lines import Lines
from harness.redaction.patterns import setting, text
from harness.redaction.redactor import SHORTEST, Redactor
from harness.redaction.veil import NO_SECRET_NAME, SECRET_NAME, VEIL, veiled

__all__ = ["NO_SECRET_NAME", "SECRET_NAME", "SHORTEST", "VEIL", "Lines", "Redactor", "setting", "text", "veiled"]
