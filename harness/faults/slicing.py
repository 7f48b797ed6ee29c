"""Small packets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._links import LinkFault, Stream, both
from harness.proxy.client_shapes import Toxic


class Slicing(LinkFault):
    """Data arrive in packets of `size` bytes, give or take `variation`, `delay_us` microseconds apart."""

    simulates: ClassVar[str] = "a network with small packets; a reader that takes a chunk for a whole message"
    how: ClassVar[str] = "the proxy cuts what passes into slices"
    needs: ClassVar[str] = "a link that is used"
    outage: ClassVar[str] = (
        "no outage: readers that assume that a message comes in one piece, a mistake that a fast local network hides"
    )

    size: int = Field(default=64, ge=1)
    variation: int = Field(default=0, ge=0)
    delay_us: int = Field(default=0, ge=0)
    stream: Stream = "downstream"

    def toxics(self) -> Sequence[Toxic]:
        """One for each direction."""
        attributes = {"average_size": self.size, "size_variation": self.variation, "delay": self.delay_us}
        return [Toxic("", "slicer", stream, attributes) for stream in both(self.stream)]

    def what(self) -> str:
        """In words."""
        return f"slices of {self.size} bytes"
