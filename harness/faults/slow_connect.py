"""A service that is slow to accept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._links import LinkFault, Needs
from harness.proxy.client_shapes import Toxic


class SlowConnect(LinkFault):
    """New connections reach the service `ms` milliseconds later, give or take `jitter`; open ones do not notice. Only
    the harness's own proxy has it.
    """

    simulates: ClassVar[str] = "a listen queue that is full, a server that accepts late"
    how: ClassVar[str] = "the proxy dials the target later"
    needs: ClassVar[str] = "a link over which new connections are opened"
    outage: ClassVar[str] = (
        "Discord: a service that came and went had its clients connect all at once, and those before it ran out of "
        "memory (status.discordapp.com/incidents/dj3l6lw926kl)"
    )

    meets: ClassVar[tuple[Needs, ...]] = ("connections",)
    ms: int = Field(ge=1)
    jitter: int = Field(default=0, ge=0)

    def toxics(self) -> Sequence[Toxic]:
        """One; it is at work before there are directions."""
        attributes = {"delay": self.ms, "jitter": self.jitter}
        return [Toxic("", "slow_connect", "upstream", attributes)]

    def what(self) -> str:
        """In words."""
        return f"slow connect of {self.ms} ms" + (f" +- {self.jitter} ms" if self.jitter else "")
