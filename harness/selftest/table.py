"""The runs of a self-test as data: what each of them does, and what came of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.selftest.variants import GateVariant

OUTCOMES = {0: "pass", 1: "fail", 2: "unknown", 3: "error"}  # by exit code; every other is named by its number


@dataclass(frozen=True, slots=True)
class Case:
    """One run of the table.

    Attributes:
        n: its number in the table, from 0. The n-th case of a seed is always the same.
        title: what is done to it, in a few words; empty where nothing is, and the verdict must be the right one.
        variant: what is gated.
        details: what is done to it, as JSON.
        overrides, arguments: of the gate, beside the variant's own.
    """

    n: int
    title: str
    variant: GateVariant
    details: Mapping[str, Any] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()

    @property
    def undisturbed(self) -> bool:
        """Nothing is done to it: its verdict must be the right one, not merely no wrong one."""
        return not self.title


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case: a line of the results.

    Attributes:
        n, title, variant, defect: of the case.
        exit_code: of the gate; negative for a signal.
        touched: how often what was done took effect; 0 for never. Cases without any count for nothing.
        seconds: that the gate took.
        reason: of its verdict, or the first line of its error.
        judged: the exit code of `harness judge` of its history; None where it has none.
        findings: what may not be, in words; each begins with its kind and a colon.
        evidence: where what was kept of it lies; empty where nothing was.
        details: of the case.
    """

    n: int
    title: str
    variant: str
    defect: bool
    exit_code: int
    touched: int
    seconds: float
    reason: str = ""
    judged: int | None = None
    findings: tuple[str, ...] = ()
    evidence: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """The verdict in a word."""
        return OUTCOMES.get(self.exit_code, f"exit {self.exit_code}")

    @property
    def undisturbed(self) -> bool:
        """Nothing was to be done to it."""
        return not self.title

    @property
    def counts(self) -> bool:
        """What was to be done took effect."""
        return not self.undisturbed and self.touched > 0

    def to_data(self) -> dict[str, Any]:
        """As JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Result:
        """From JSON. TypeError where it does not fit."""
        return cls(**{**data, "findings": tuple(data.get("findings", ()))})
