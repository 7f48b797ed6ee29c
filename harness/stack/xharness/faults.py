"""`x-harness: faults`: the gate under faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from harness.stack.base import Fraction, Seconds, Word
from harness.stack.xharness.base import Block


class Faults(Block):
    """Which faults `harness gate --faults` injects, and what has to hold while they are on."""

    run: tuple[Word, ...] = Field(
        default=("quick",), description="A profile (`quick`, `standard`, `full`), or the names of faults."
    )
    longest_outage: Seconds | None = Field(
        default=None,
        description="While a fault is on, how long requests may be due without one good answer; left out, any time.",
    )
    budget: Fraction | None = Field(
        default=None,
        description="While a fault is on, the largest share of requests that may fail or be late; left out, any.",
    )
    more: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict,
        description="By fault: its parameters, where the gate's own choice will not do.",
    )
