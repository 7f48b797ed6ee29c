"""What somebody who verifies a document finds."""

from __future__ import annotations

from dataclasses import dataclass

from harness.verdict import Outcome


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence, and what it does to the whole: only where all are PASS the checklist holds.

    Attributes:
        about: what it is about: `item`, `expired`, `signature`, `changed`, `evidence`, `image` or `clock`.
    """

    outcome: Outcome
    about: str
    text: str


@dataclass(frozen=True)
class Verified:
    """What came of it."""

    findings: tuple[Finding, ...]

    @property
    def outcome(self) -> Outcome:
        """Fail before unknown before pass."""
        outcomes = {one.outcome for one in self.findings}
        return next((one for one in (Outcome.FAIL, Outcome.UNKNOWN) if one in outcomes), Outcome.PASS)
