"""Faults: where they are, whether they bit, whether they are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from harness.events._body import Body, Number


class FaultInject(Body, frozen=True):
    """A fault is on."""

    kind: ClassVar[str] = "fault.inject"

    fault: str  # which
    title: str  # in words
    step: Mapping[str, Any]  # the fault as a step of a plan has it
    places: Sequence[str]  # the links
    seed: int | None  # what is left to chance follows from it


class FaultHeal(Body, frozen=True):
    """A fault was healed."""

    kind: ClassVar[str] = "fault.heal"

    start: int | None  # id of its `fault.inject`
    fault: str  # which
    bit: bool | None  # whether it touched traffic; null where unknown
    gone: bool | None  # whether nothing of it is left; null where unknown
    reason: str  # why, in words
    # of each place, its counters: `connections`, `bytes`, `closed`, `refused` and, of the link, `upstream` and
    # `downstream` in bytes
    figures: Mapping[str, Mapping[str, Any]]
    seconds: Number | None  # how long the healing took
