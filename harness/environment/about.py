"""What an environment says of itself: kept in its door, so that another process can find its way around in it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from harness.environment.links import Link
from harness.environment.wiring import Wiring

ABOUT = "/environment.json"  # in the door; only root can read it there


class About(msgspec.Struct, frozen=True):
    """What was brought up, and how it is wired.

    Attributes:
        stack, overrides: the files, absolute paths on the machine that brought it up.
        release: that it was brought up on. seed: of what is left to chance about its faults.
        links: every link. addresses: of the replicas, by name. published: `service:port` to the door's port.
    """

    stack: str
    overrides: tuple[str, ...]
    release: str
    seed: int
    links: tuple[Link, ...] = ()
    addresses: Mapping[str, str] = {}
    published: Mapping[str, int] = {}

    def wired(self, wiring: Wiring) -> About:
        """The same, with how it is wired."""
        links, addresses, published = tuple(wiring.links), dict(wiring.replicas), dict(wiring.published)
        return msgspec.structs.replace(self, links=links, addresses=addresses, published=published)

    def encode(self) -> bytes:
        """As the file has it."""
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> About:
        """From the file. msgspec.ValidationError where it is not such."""
        return msgspec.json.decode(data, type=cls)
