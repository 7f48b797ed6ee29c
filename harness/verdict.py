"""Three outcomes: pass, fail and unknown. A verdict has one, with the reason and the evidence for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness import errors


class Outcome(StrEnum):
    """What a check found. Unknown means that the evidence does not suffice; it is never a pass."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 2 unknown."""
        return {Outcome.PASS: errors.PASS, Outcome.FAIL: errors.FAIL, Outcome.UNKNOWN: errors.UNKNOWN}[self]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one check, or of a whole run.

    Attributes:
        check: the name of the check, e.g. `convergence`; `run` for the whole.
        outcome: pass, fail or unknown.
        reason: one sentence that a person who was not there understands.
        evidence: ids of the history's events that the outcome rests on.
        look: what to look at next; empty for a pass.
        parameters: what the check was asked beside the phase, as JSON holds it; None where no check was asked.
        stalled: it is unknown because the machine stood still: measuring again may tell.
    """

    check: str
    outcome: Outcome
    reason: str
    evidence: tuple[int, ...] = ()
    look: str = ""
    parameters: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)
    stalled: bool = field(default=False, compare=False)

    def __bool__(self) -> bool:
        """True only for a pass, so that `assert verdict` reads as it means."""
        return self.outcome is Outcome.PASS

    def __str__(self) -> str:
        return f"{self.check}: {self.outcome} - {self.reason}" + (f" ({self.look})" if self.look else "")


def combine(verdicts: Iterable[Verdict], check: str = "run") -> Verdict:
    """Fail if any failed, else unknown if any is unknown, else pass. No verdicts at all is unknown."""
    found = list(verdicts)
    if not found:
        return Verdict(check, Outcome.UNKNOWN, "nothing was checked", look="the plan has no checks")
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        bad = [verdict for verdict in found if verdict.outcome is outcome]
        if bad:
            more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
            evidence = tuple(event for verdict in bad for event in verdict.evidence)
            return Verdict(check, outcome, f"{bad[0].check}: {bad[0].reason}{more}", evidence, bad[0].look)
    evidence = tuple(event for verdict in found for event in verdict.evidence)
    passed = "the one check passed" if len(found) == 1 else f"all {len(found)} checks passed"
    return Verdict(check, Outcome.PASS, passed, evidence)
