"""Logs that are moved away."""

from __future__ import annotations

from typing import ClassVar

from harness.plan.random.mutators._faults import FaultMutator


class LogFault(FaultMutator):
    """A fault of a log."""

    weight: ClassVar[int] = 3
    families: ClassVar[tuple[str, ...]] = ("log",)
