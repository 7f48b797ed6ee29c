"""What the deployer meets on its own way."""

from __future__ import annotations

from typing import ClassVar

from harness.plan.random.mutators._faults import FaultMutator


class DeploymentFault(FaultMutator):
    """A fault of the deployment itself."""

    weight: ClassVar[int] = 5
    families: ClassVar[tuple[str, ...]] = ("deployment",)
