"""Everything arrives later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._links import LinkFault, Stream, both
from harness.proxy.client_shapes import Toxic


class Latency(LinkFault):
    """Every chunk arrives `ms` milliseconds later, give or take `jitter`, in the direction `stream`; so does the end.
    The connect is not delayed.
    """

    simulates: ClassVar[str] = "a slow network, a distant zone, an overloaded server"
    how: ClassVar[str] = "the proxy holds every chunk back"
    needs: ClassVar[str] = "a link that is used"
    outage: ClassVar[str] = (
        "Amazon, September 2015: requests for metadata took longer than clients waited, servers took themselves "
        "out, and their retries kept it so (aws.amazon.com/message/5467D2)"
    )

    ms: int = Field(ge=1)
    jitter: int = Field(default=0, ge=0)
    stream: Stream = "downstream"

    def toxics(self) -> Sequence[Toxic]:
        """One for each direction."""
        attributes = {"latency": self.ms, "jitter": self.jitter}
        return [Toxic("", "latency", stream, attributes) for stream in both(self.stream)]

    def what(self) -> str:
        """In words."""
        return f"latency of {self.ms} ms" + (f" +- {self.jitter} ms" if self.jitter else "")
