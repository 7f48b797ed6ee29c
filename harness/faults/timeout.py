"""A black hole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._links import LinkFault, Needs, Stream, both
from harness.proxy.client_shapes import Toxic


class Timeout(LinkFault):
    """What is sent in the direction `stream` is lost; the connection closes after `ms` milliseconds, or with 0 when the
    fault is healed.
    """

    simulates: ClassVar[str] = "a firewall that drops packets, a machine that is gone without a word"
    how: ClassVar[str] = "the proxy swallows the bytes and answers nothing"
    needs: ClassVar[str] = "a link that is used"
    outage: ClassVar[str] = (
        "Amazon EBS, April 2011: nodes that heard nothing from their copies went on to look for others, all at once "
        "(aws.amazon.com/message/65648)"
    )

    meets: ClassVar[tuple[Needs, ...]] = ("bytes", "closed")
    ms: int = Field(default=0, ge=0)
    stream: Stream = "both"

    def toxics(self) -> Sequence[Toxic]:
        """One for each direction."""
        return [Toxic("", "timeout", stream, {"timeout": self.ms}) for stream in both(self.stream)]

    def what(self) -> str:
        """In words."""
        return "black hole" + (f" that closes after {self.ms} ms" if self.ms else "")
