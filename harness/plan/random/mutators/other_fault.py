"""Faults of families that the harness does not know."""

from __future__ import annotations

from typing import ClassVar

from harness.plan.random.mutators._faults import KNOWN, FaultMutator, family_of


class OtherFault(FaultMutator):
    """A fault that a package adds and the stack names (`x-harness: faults: more`)."""

    weight: ClassVar[int] = 5
    families: ClassVar[tuple[str, ...]] = ()

    def _mine(self, name: str) -> bool:
        return family_of(name) not in KNOWN
