"""Everything arrives later, and never by the same time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._links import LinkFault, Stream, both
from harness.proxy.client_shapes import Toxic


class Jitter(LinkFault):
    """Every chunk arrives between 0 and `ms` milliseconds later, evenly, in order, in the direction `stream`."""

    simulates: ClassVar[str] = "a network whose delay is never the same: a busy link, a wireless one"
    how: ClassVar[str] = "the proxy holds each chunk back for a time of its own"
    needs: ClassVar[str] = "a link that is used"
    outage: ClassVar[str] = (
        "Amazon, September 2015: requests for metadata took longer than clients waited, servers took themselves "
        "out, and their retries kept it so (aws.amazon.com/message/5467D2)"
    )

    ms: int = Field(ge=2)
    stream: Stream = "downstream"

    def toxics(self) -> Sequence[Toxic]:
        """One for each direction: half the time, give or take as much."""
        attributes = {"latency": self.ms // 2, "jitter": self.ms // 2}
        return [Toxic("", "latency", stream, attributes) for stream in both(self.stream)]

    def what(self) -> str:
        """In words."""
        return f"jitter of up to {self.ms} ms"
