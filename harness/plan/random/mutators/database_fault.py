"""Databases that drop connections, or refuse to write."""

from __future__ import annotations

from typing import ClassVar

from harness.plan.random.mutators._faults import FaultMutator


class DatabaseFault(FaultMutator):
    """A fault of a database."""

    weight: ClassVar[int] = 7
    families: ClassVar[tuple[str, ...]] = ("database",)
