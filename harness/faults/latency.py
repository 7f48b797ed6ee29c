"""Everything arrives later."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from harness.faults._links import LinkFault, Stream, both
from harness.proxy.client import Toxic


class Latency(LinkFault):
    """Every chunk arrives `ms` milliseconds later, give or take `jitter`, in the direction `stream`; so does the end.
    The connect is not delayed.
    """

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
