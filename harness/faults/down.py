"""Nothing listens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._links import LinkFault, Needs
from harness.proxy.client_shapes import Toxic


class Down(LinkFault):
    """Connections are refused, and those that are open are closed. It has no lease: a link that is down stays down
    until it is healed, or its environment is gone.
    """

    simulates: ClassVar[str] = "a service that does not listen: it is being restarted, or its port is closed"
    how: ClassVar[str] = "the proxy closes its connections and refuses new ones"
    needs: ClassVar[str] = "a link that is used"
    outage: ClassVar[str] = (
        "Stack Overflow, August 2014: a firewall's configuration cut the web servers off from what they need "
        "(stackstatus.net/post/96025967369)"
    )

    meets: ClassVar[tuple[Needs, ...]] = ("refused",)
    toxicity: float = Field(default=1.0, ge=1, le=1)  # none is refused by chance

    def toxics(self) -> Sequence[Toxic]:
        """None: the listener is closed."""
        return ()

    def what(self) -> str:
        """In words."""
        return "no connection"
