"""Connections that break off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._links import LinkFault, Needs, Stream, both
from harness.proxy.client import Toxic


class DataLimit(LinkFault):
    """A connection closes when `bytes` bytes have passed it in the direction `stream` since the fault met it."""

    needs: ClassVar[tuple[Needs, ...]] = ("closed",)
    bytes: int = Field(ge=0)
    stream: Stream = "downstream"

    def toxics(self) -> Sequence[Toxic]:
        """One for each direction."""
        return [Toxic("", "limit_data", stream, {"bytes": self.bytes}) for stream in both(self.stream)]

    def what(self) -> str:
        """In words."""
        return f"a limit of {self.bytes} bytes"
