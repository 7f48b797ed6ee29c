"""Connection reset by peer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._links import LinkFault, Needs
from harness.proxy.client_shapes import Toxic


class Reset(LinkFault):
    """Connections are reset `after_ms` milliseconds after the fault met them: those that are open, idle ones too, and
    those that come while it is on.
    """

    simulates: ClassVar[str] = "a balancer that restarts, a connection table that is full"
    how: ClassVar[str] = "the proxy resets connections"
    needs: ClassVar[str] = "a link that is used"
    outage: ClassVar[str] = (
        "Stack Exchange, March 2015: a feature for all users at once overloaded the balancers, which dropped "
        "connections (stackstatus.net/post/115305251014)"
    )

    meets: ClassVar[tuple[Needs, ...]] = ("closed",)
    after_ms: int = Field(default=0, ge=0)

    def toxics(self) -> Sequence[Toxic]:
        """One; a reset is one of both ends."""
        return [Toxic("", "reset_peer", "downstream", {"timeout": self.after_ms})]

    def what(self) -> str:
        """In words."""
        return "reset" + (f" after {self.after_ms} ms" if self.after_ms else "")
