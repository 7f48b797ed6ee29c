"""A replica that the deployer does not reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._base import Active, FaultContext
from harness.faults._links import LinkFault, Needs
from harness.faults._selectors import Selector
from harness.faults.deployment._deployer import runs_in
from harness.proxy.client_shapes import Toxic


class UnreachableReplica(LinkFault):
    """The deployer's connections to a replica are refused; everybody else reaches it.

    Attributes:
        targets: the replica, `to` in a plan; one of the fleet, drawn, if left out.
    """

    positional: ClassVar[tuple[str, ...]] = ("targets",)
    meets: ClassVar[tuple[Needs, ...]] = ("refused",)
    simulates: ClassVar[str] = "a machine that the deployment tool cannot log in to: a key, a firewall, a full table"
    how: ClassVar[str] = "the links from the deployer's service to the replica are down"
    needs: ClassVar[str] = "a deployer whose commands run in a service of the stack, and that connects to the replica"
    outage: ClassVar[str] = (
        "Knight Capital, August 2012: one of several servers was left on the old code, and lost 460 million dollars "
        "(sec.gov/litigation/admin/2013/34-70694.pdf)"
    )

    consumers: Selector = Field(default=(), alias="from")
    targets: Selector = Field(default="one", alias="to", min_length=1)

    def title(self) -> str:
        """What it is and where."""
        return (
            f"{self.targets if isinstance(self.targets, str) else ', '.join(self.targets)} out of the deployer's reach"
        )

    def what(self) -> str:
        """In words."""
        return "no connection"

    def inject(self, context: FaultContext) -> Active:
        """Take the links down."""
        found = self.consumers or runs_in(context.environment, self.fault_name())
        return LinkFault.inject(self.model_copy(update={"consumers": found}), context)

    def toxics(self) -> Sequence[Toxic]:
        """None: the link is down."""
        return []
