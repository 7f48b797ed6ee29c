"""A test after the deployment that fails now and then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._base import Active, FaultContext
from harness.faults._links import LinkFault
from harness.faults._selectors import Selector
from harness.faults.deployment._deployer import runs_in
from harness.proxy.client_shapes import Toxic


class FlakyTest(LinkFault):
    """A fraction of the requests that the deployer itself sends over HTTP is answered with a status: its checks of what
    it deployed fail though all is well.

    Attributes:
        targets: whom it asks, `to` in a plan; everybody, if left out.
        fraction: of the requests, above 0 to 1.
        status: that they are answered with.
    """

    positional: ClassVar[tuple[str, ...]] = ("targets", "fraction")
    simulates: ClassVar[str] = (
        "a smoke test that fails now and then, and a deployer that rolls back, or goes on, for it"
    )
    how: ClassVar[str] = "the proxy answers requests of the deployer's service in the place of those it asks"
    needs: ClassVar[str] = (
        "a deployer whose commands run in a service of the stack, and that tests over HTTP/1 without TLS"
    )
    outage: ClassVar[str] = (
        "flagger #1591 (2024) and moby #35498 (2017): rules that judge a deployment and were met always, or never"
    )

    consumers: Selector = Field(default=(), alias="from")
    targets: Selector = Field(default="all", alias="to", min_length=1)
    fraction: float = Field(default=0.5, gt=0, le=1)
    status: int = Field(default=503, ge=200, le=599)

    def title(self) -> str:
        """What it is and where."""
        return f"{self.fraction:.0%} of the deployer's own tests failing with {self.status}"

    def what(self) -> str:
        """In words."""
        return "failing tests"

    def inject(self, context: FaultContext) -> Active:
        """Put the toxics on the links."""
        found = self.consumers or runs_in(context.environment, self.fault_name())
        return LinkFault.inject(self.model_copy(update={"consumers": found}), context)

    def toxics(self) -> Sequence[Toxic]:
        """One."""
        return [Toxic("", "http_status", "upstream", {"status": self.status, "fraction": self.fraction})]
