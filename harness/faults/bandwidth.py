"""A narrow link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._links import LinkFault, Stream, both
from harness.proxy.client_shapes import Toxic


class Bandwidth(LinkFault):
    """Each connection carries at most `kb_per_s` times 1000 bytes a second in the direction `stream`; 0 carries nothing
    until it is healed, and loses nothing.
    """

    simulates: ClassVar[str] = "a link that is full: a backup, a rebuild, another tenant"
    how: ClassVar[str] = "the proxy passes on so many bytes a second for each connection"
    needs: ClassVar[str] = "a link that is used"
    outage: ClassVar[str] = (
        "Amazon EBS, April 2011: a change of the network sent traffic over a link that could not carry it, and "
        "volumes were stuck (aws.amazon.com/message/65648)"
    )

    kb_per_s: int = Field(ge=0)
    stream: Stream = "downstream"

    def toxics(self) -> Sequence[Toxic]:
        """One for each direction."""
        return [Toxic("", "bandwidth", stream, {"rate": self.kb_per_s}) for stream in both(self.stream)]

    def what(self) -> str:
        """In words."""
        return f"bandwidth of {self.kb_per_s} kB/s"
