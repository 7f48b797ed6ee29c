"""A cache to which invalidations do not get through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._server_links import ServerLinkFault
from harness.faults.cache._redis import KINDS
from harness.proxy.client_shapes import Toxic

COMMANDS = (
    "DEL", "UNLINK", "HDEL", "EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT", "SET", "SETEX", "PSETEX", "MSET", "HSET",
    "HMSET", "PUBLISH",
)  # fmt: skip


class LostInvalidation(ServerLinkFault):
    """Deletes, sets and expiries are acknowledged, and lost. Lists, which are what queues are made of, are spared.

    Attributes:
        commands: that are lost.
        keys: that they are about, patterns as in a shell; left out, every key.
        fraction: of them, above 0 to 1.
    """

    kinds: ClassVar[tuple[str, ...]] = KINDS
    simulates: ClassVar[str] = (
        "an invalidation that never arrives: a lost message, a race with a refill, a failed-over cache"
    )
    how: ClassVar[str] = "the proxy answers the commands as the server would, and does not pass them on"
    needs: ClassVar[str] = "a Redis or Valkey in `x-harness: servers`, reached over its link without TLS"
    outage: ClassVar[str] = (
        "Meta, 2022: invalidations that were lost, or raced with a refill, left old values in a cache until they "
        "expired (engineering.fb.com/2022/06/08/core-infra/cache-made-consistent)"
    )

    commands: tuple[str, ...] = Field(default=COMMANDS, min_length=1)
    keys: tuple[str, ...] = ()
    fraction: float = Field(default=1.0, gt=0, le=1)

    def toxics(self) -> Sequence[Toxic]:
        """One."""
        given = {"commands": list(self.commands), "keys": list(self.keys), "fraction": self.fraction}
        return [Toxic("", "redis_swallow", "upstream", given)]

    def what(self) -> str:
        """In words."""
        share = "" if self.fraction == 1 else f"{self.fraction:.0%} of "
        return f"{share}lost invalidations" + (f" ({', '.join(self.keys)})" if self.keys else "")
