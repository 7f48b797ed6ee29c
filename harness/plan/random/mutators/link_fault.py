"""Links that are slow, cut or spoilt."""

from __future__ import annotations

from typing import ClassVar

from harness.plan.random.mutators._faults import FaultMutator


class LinkFault(FaultMutator):
    """A fault of the links between replicas."""

    weight: ClassVar[int] = 9
    families: ClassVar[tuple[str, ...]] = ("", "http", "dns")
