"""Connections that break off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._links import LinkFault, Needs, Stream, both
from harness.proxy.client_shapes import Toxic


class DataLimit(LinkFault):
    """A connection closes when `bytes` bytes have passed it in the direction `stream` since the fault met it."""

    simulates: ClassVar[str] = "a connection that ends in the middle of an answer"
    how: ClassVar[str] = "the proxy ends a connection when so many bytes have passed"
    needs: ClassVar[str] = "a link that is used"
    outage: ClassVar[str] = (
        "Amazon S3, July 2008: messages that were damaged on their way spread through the fleet until it had to be "
        "stopped (status.aws.amazon.com/s3-20080720.html)"
    )

    meets: ClassVar[tuple[Needs, ...]] = ("closed",)
    bytes: int = Field(ge=0)
    stream: Stream = "downstream"

    def toxics(self) -> Sequence[Toxic]:
        """One for each direction."""
        return [Toxic("", "limit_data", stream, {"bytes": self.bytes}) for stream in both(self.stream)]

    def what(self) -> str:
        """In words."""
        return f"a limit of {self.bytes} bytes"
