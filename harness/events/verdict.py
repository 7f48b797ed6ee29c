"""Verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from harness.events._body import Body


class VerdictGiven(Body, frozen=True):
    """What a check said."""

    kind: ClassVar[str] = "verdict"

    check: str  # its name; another name where no check was asked
    outcome: str  # `pass`, `fail` or `unknown`
    reason: str  # why, in a sentence
    evidence: Sequence[int]  # ids of the events that it rests on
    look: str  # what to look at next
    parameters: Mapping[str, Any] | None  # what the check was asked beside the phase; null where no check was
    stalled: bool = False  # it is unknown because the machine stood still
    groundwork: bool = False  # it is of a baseline, where a failure leaves it unknown
    # of a replayed chain: `text`, `expected` outcome, and `parts`, which are verdicts with their `phase`
    link: Mapping[str, Any] | None = None
