"""What a ledger keeps: campaigns, their plans, and what was found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from harness.plan.signature import Signature
from harness.verdict import Outcome

State = Literal["started", "done", "lost"]
Element = tuple[str, str, str]
"""What a plan tries: a fault or an act, the stage at which it does, and the strategy of the deployer."""
UNNAMED = Signature("run", "no check of it says why")
"""Of a failure whose signature is not known."""


@dataclass(frozen=True, slots=True)
class About:
    """What makes a campaign: with the same of all of it, every machine makes the same plans.

    Attributes:
        stack: the name. files: SHA-256 over the files that declare it. old, new: the releases.
        seed: of the plans. steps, seconds: the bounds of each plan.
        harness: the version that makes the plans.
        space: what its plans can try.
    """

    stack: str
    files: str
    old: str
    new: str
    seed: int
    steps: int
    seconds: float
    harness: str
    space: tuple[Element, ...] = ()

    @property
    def id(self) -> str:
        """By which it is known again, also on another machine: twelve hexadecimal digits."""
        said = {key: value for key, value in asdict(self).items() if key != "space"}  # which follows from the others
        text = json.dumps(said, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Tried:
    """A plan of a campaign, and what came of it.

    Attributes:
        number: of the plan in its campaign. seed: it follows from.
        elements: what it tries.
        state: `started` until it has ended; `lost` where its coordinator ended first: never run again in silence.
        outcome: unknown until it has ended, and where it was lost.
        signature: of its failure; None where it did not fail.
        reason: of its verdict.
        run: the directory of its run; empty where there is none.
        began: Unix time. seconds: that it took.
        steps: how many it has.
        plan: as its file has it; kept of what did not pass, since the seed makes it again.
    """

    number: int
    seed: int
    elements: tuple[Element, ...]
    steps: int = 0
    state: State = "started"
    outcome: Outcome = Outcome.UNKNOWN
    signature: Signature | None = None
    reason: str = ""
    run: str = ""
    began: float = 0.0
    seconds: float = 0.0
    plan: Mapping[str, Any] | None = None

    @property
    def judged(self) -> bool:
        """It passed or failed."""
        return self.state == "done" and self.outcome is not Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What is left of a failing plan after it was cut down.

    Attributes:
        plan: as its file has it. steps: how many it has; `before` of the plan that was found.
        failed, tried: how often it failed in this way.
        rate: in words, with its interval.
        complete: nothing more could be taken away; else time ran out.
    """

    plan: Mapping[str, Any]
    steps: int
    before: int
    failed: int
    tried: int
    rate: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """Failures with one signature.

    Attributes:
        plans: that failed so, in the order of their numbers.
        shrunk: of the first of them; None while it was not cut down.
    """

    signature: Signature
    plans: tuple[Tried, ...]
    shrunk: Shrunk | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A campaign as its ledger has it.

    Attributes:
        plans: those that were begun, in the order of their numbers.
        findings: those that failed, by signature, in the order in which they were found.
    """

    about: About
    plans: tuple[Tried, ...]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def judged(self) -> int:
        """How many passed or failed."""
        return sum(one.judged for one in self.plans)

    def count(self, outcome: Outcome) -> int:
        """How many came to this, those that were lost among the unknown."""
        return sum(one.outcome is outcome for one in self.plans if one.state != "started")
