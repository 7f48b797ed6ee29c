"""A cache that has half of an update."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._server_links import ServerLinkFault
from harness.faults.cache._redis import KINDS
from harness.proxy.client_shapes import Toxic

COMMANDS = ("SET", "SETEX", "PSETEX", "DEL", "UNLINK", "HSET", "HMSET", "HDEL", "EXPIRE", "PEXPIRE")


class Torn(ServerLinkFault):
    """Of an update that is several commands some are carried out and some are not, by chance; all are acknowledged.

    Attributes:
        keys: that the commands are about, patterns as in a shell; left out, every key.
        fraction: of the commands that are lost.
    """

    kinds: ClassVar[tuple[str, ...]] = KINDS
    simulates: ClassVar[str] = "a client that dies between two writes that belong together, a pipeline that is cut"
    how: ClassVar[str] = "the proxy acknowledges a part of the writes, and does not pass them on"
    needs: ClassVar[str] = "a Redis or Valkey in `x-harness: servers`, reached over its link without TLS"
    outage: ClassVar[str] = (
        "Google, a mail system: a job sent mail and only marked the recipients when all was sent; each time that it "
        "died between the two, it began again (gist.github.com/jomo/2bae3821acb433d0446d)"
    )

    keys: tuple[str, ...] = ()
    fraction: float = Field(default=0.5, gt=0, lt=1)

    def toxics(self) -> Sequence[Toxic]:
        """One."""
        given = {"commands": list(COMMANDS), "keys": list(self.keys), "fraction": self.fraction}
        return [Toxic("", "redis_swallow", "upstream", given)]

    def what(self) -> str:
        """In words."""
        return f"torn updates ({self.fraction:.0%} lost)" + (f" ({', '.join(self.keys)})" if self.keys else "")
