"""A link of a chain that is replayed: it passes where what several checks say together is what it was then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness import checks
from harness.events import VerdictGiven, decode, encode
from harness.plan._magnitude import FACTOR, alike, larger
from harness.verdict import Outcome, Verdict, combine

WEAKNESS = "the stack's own weakness"
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
        against: what is seen where nothing was deployed. What fails there as well is the stack's own weakness.
    """

    key: str
    text: str
    expected: Outcome
    parts: Sequence[LinkPart]
    against: Sequence[LinkPart] = ()

    def verdict(self) -> Verdict:
        """Pass where it happened again. What could not be seen is unknown."""
        seen = combine(part.verdict for part in self.parts)
        if len(self.parts) <= SPELT_OUT:
            seen = replace(seen, reason="; ".join(part.verdict.reason for part in self.parts))
        if self.against and seen.outcome is Outcome.FAIL:
            return self._weakness(seen)
        happened = seen.outcome is self.expected
        outcome = Outcome.PASS if happened else Outcome.UNKNOWN if seen.outcome is Outcome.UNKNOWN else Outcome.FAIL
        said = f"{self.text}: {seen.reason}".removeprefix(": ")
        reason = said if happened else f"not as it was ({self.text}): {seen.reason}"
        return Verdict(self.key, outcome, reason, seen.evidence, "" if happened else seen.look)

    def _weakness(self, seen: Verdict) -> Verdict:
        """What a failure is that may have nothing to do with the deployment."""
        other = combine(part.verdict for part in self.against)
        other = replace(other, reason="; ".join(part.verdict.reason for part in self.against))
        same = other.outcome is Outcome.FAIL and alike(seen.reason, other.reason)
        if same and (more := larger(seen.reason, other.reason)) is not None:
            # What the deployment adds to a weakness must not be hidden by it either.
            by = f"{more.here} is more than {FACTOR:g} times as much as {more.there}"
            reason = f"{seen.reason}; without a deployment it fails as well, but by far less: {other.reason} ({by})"
            return Verdict(self.key, Outcome.UNKNOWN, reason, seen.evidence, seen.look)
        if same:
            reason = f"{WEAKNESS}, with or without a deployment: {other.reason}"
            return Verdict(self.key, Outcome.PASS, reason, other.evidence)
        if other.outcome is Outcome.FAIL:
            # The same check fails in another way: a weakness must not hide what the deployment adds to it.
            reason = f"{seen.reason}; without a deployment it fails as well, but in another way: {other.reason}"
            return Verdict(self.key, Outcome.UNKNOWN, reason, seen.evidence, seen.look)
        if other.outcome is Outcome.PASS:
            return replace(seen, check=self.key, reason=f"{seen.reason}; not so without a deployment")
        reason = f"{seen.reason}; whether it is so without a deployment is not known: {other.reason}"
        return Verdict(self.key, Outcome.UNKNOWN, reason, seen.evidence, other.look)

    def data(self) -> dict[str, Any]:
        """For the history, from which `read` makes it again."""
        parts = [{"phase": part.phase, **encode(checks.given(part.verdict))} for part in self.parts]
        against = [{"phase": part.phase, **encode(checks.given(part.verdict))} for part in self.against]
        return {"text": self.text, "expected": str(self.expected), "parts": parts} | (
            {"against": against} if against else {}
        )

    @classmethod
    def read(cls, key: str, data: Mapping[str, Any]) -> Link:
        """From `data`.

        Raises:
            ValueError, KeyError, TypeError: it is not one.
        """
        parts, against = (
            [LinkPart(str(part["phase"]), checks.verdict_of(decode(VerdictGiven, part)[0])) for part in found]
            for found in (data["parts"], data.get("against", ()))
        )
        if not parts:
            raise ValueError("a link without parts")
        return cls(key, str(data["text"]), Outcome(data["expected"]), parts, tuple(against))
