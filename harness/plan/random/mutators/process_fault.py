"""Processes that die, stand still or starve."""

from __future__ import annotations

from typing import ClassVar

from harness.plan.random.mutators._faults import FaultMutator


class ProcessFault(FaultMutator):
    """A fault of a process or of its disk."""

    weight: ClassVar[int] = 7
    families: ClassVar[tuple[str, ...]] = ("process", "disk", "health")
