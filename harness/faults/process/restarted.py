"""A replica that is restarted."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from harness.faults._acts import Act, ReplicaFault
from harness.faults._restarting import Restart

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica


class Restarted(ReplicaFault):
    """The replica's container is stopped, as Compose would, and started again, and is ready before anything goes on."""

    simulates: ClassVar[str] = "a machine that reboots, an operator's restart in the middle of a deployment"
    how: ClassVar[str] = "the engine's stop and start, until it is ready"
    needs: ClassVar[str] = "nothing but the engine"
    outage: ClassVar[str] = (
        "Discord: a service that came and went had its clients connect all at once, and those before it ran out of "
        "memory (status.discordapp.com/incidents/dj3l6lw926kl)"
    )

    def what(self) -> str:
        """In words."""
        return "restart"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return Restart(environment, replica)
