"""Caches that are stale, cold or frozen."""

from __future__ import annotations

from typing import ClassVar

from harness.plan.random.mutators._faults import FaultMutator


class CacheFault(FaultMutator):
    """A fault of a cache."""

    weight: ClassVar[int] = 12
    families: ClassVar[tuple[str, ...]] = ("cache",)
