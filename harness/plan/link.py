"""A link of a chain that is replayed: it passes where what several checks say together is what it was then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness import checks
from harness.events import VerdictGiven, decode, encode
from harness.verdict import Outcome, Verdict, combine

SPELT_OUT = 2  # parts that are told each in its own words


@dataclass(frozen=True, slots=True)
class LinkPart:
    """What a check said of a phase, or a command of itself."""

    phase: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Link:
    """What was seen, and what it should be.

    Attributes:
        key: its name.
        text: what happened then; empty for what is only the ground of the others.
        expected: the outcome that was seen then.
        parts: what is seen now.
    """

    key: str
    text: str
    expected: Outcome
    parts: Sequence[LinkPart]

    def verdict(self) -> Verdict:
        """Pass where it happened again. What could not be seen is unknown."""
        seen = combine(part.verdict for part in self.parts)
        if len(self.parts) <= SPELT_OUT:
            seen = replace(seen, reason="; ".join(part.verdict.reason for part in self.parts))
        happened = seen.outcome is self.expected
        outcome = Outcome.PASS if happened else Outcome.UNKNOWN if seen.outcome is Outcome.UNKNOWN else Outcome.FAIL
        said = f"{self.text}: {seen.reason}".removeprefix(": ")
        reason = said if happened else f"not as it was ({self.text}): {seen.reason}"
        return Verdict(self.key, outcome, reason, seen.evidence, "" if happened else seen.look)

    def data(self) -> dict[str, Any]:
        """For the history, from which `read` makes it again."""
        parts = [{"phase": part.phase, **encode(checks.given(part.verdict))} for part in self.parts]
        return {"text": self.text, "expected": str(self.expected), "parts": parts}

    @classmethod
    def read(cls, key: str, data: Mapping[str, Any]) -> Link:
        """From `data`.

        Raises:
            ValueError, KeyError, TypeError: it is not one.
        """
        parts = [
            LinkPart(str(part["phase"]), checks.verdict_of(decode(VerdictGiven, part)[0])) for part in data["parts"]
        ]
        if not parts:
            raise ValueError("a link without parts")
        return cls(key, str(data["text"]), Outcome(data["expected"]), parts)
