"""What faults share that sit on the links to servers of some kinds."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from harness.faults import _selectors
from harness.faults._acts import unavailable
from harness.faults._base import Active, FaultContext
from harness.faults._links import LinkFault
from harness.faults._selectors import Selector
from harness.servers import ServerAdapter, declared


class ServerLinkFault(LinkFault):
    """A fault of the links to servers of some kinds.

    Attributes:
        consumers: who is hit, `from` in a plan; everybody, if left out.
        targets: which servers, `to` in a plan; left out, every server of these kinds that the stack declares.
        kinds: of servers, as in `x-harness: servers: kind`.
    """

    positional: ClassVar[tuple[str, ...]] = ("targets", "consumers")
    kinds: ClassVar[tuple[str, ...]] = ()

    consumers: Selector = Field(default="all", alias="from", min_length=1)
    targets: Selector = Field(default=(), alias="to")

    def title(self) -> str:
        """What it is and where."""
        to = _selectors.shown(self.targets) if self.targets else f"every {self.kinds[0]}"
        whom = "" if self.consumers == "all" else f", for {_selectors.shown(self.consumers)}"
        return f"{self.what()} of {to}{whom}"

    def inject(self, context: FaultContext) -> Active:
        """Put the toxics on the links to these servers.

        Raises:
            FaultUnavailable: no such server is declared, or it cannot have the fault.
        """
        known = self.servers(context)
        if not known:
            stack, kinds = context.environment.stack, " or ".join(self.kinds)
            raise unavailable(
                self.fault_name(), f"stack {stack.name}", f"no {kinds} is declared",
                f"a server of kind {kinds} in `x-harness: servers`", "declare it; see docs/servers.md",
            )  # fmt: skip
        return self.model_copy(update={"targets": self.targets or tuple(known)}).on_links(context)

    def on_links(self, context: FaultContext) -> Active:
        """As every fault of links, now that its targets are known."""
        return super().inject(context)

    def servers(self, context: FaultContext) -> dict[str, ServerAdapter]:
        """The adapters of these kinds, by service."""
        found = declared(context.environment.stack.harness).values()
        return {one.service: one for one in found if one.kind in self.kinds}
