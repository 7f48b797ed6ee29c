"""A narrow link."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from harness.faults._links import LinkFault, Stream, both
from harness.proxy.client import Toxic


class Bandwidth(LinkFault):
    """Each connection carries at most `kb_per_s` times 1000 bytes a second in the direction `stream`; 0 carries nothing
    until it is healed, and loses nothing.
    """

    kb_per_s: int = Field(ge=0)
    stream: Stream = "downstream"

    def toxics(self) -> Sequence[Toxic]:
        """One for each direction."""
        return [Toxic("", "bandwidth", stream, {"rate": self.kb_per_s}) for stream in both(self.stream)]

    def what(self) -> str:
        """In words."""
        return f"bandwidth of {self.kb_per_s} kB/s"
