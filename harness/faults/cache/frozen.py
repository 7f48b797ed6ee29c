"""A consumer that sees the cache as it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._acts import unavailable
from harness.faults._base import Active, FaultContext
from harness.faults._server_links import ServerLinkFault
from harness.faults.cache._redis import KINDS
from harness.proxy.client_shapes import Toxic
from harness.servers.redis import Redis


class Frozen(ServerLinkFault):
    """Reads of strings and hashes are answered with what they were when it was injected, for one consumer or all.
    Writes arrive, and are not seen by those who are hit.

    Attributes:
        keys: patterns as in a shell; left out, every key.
    """

    kinds: ClassVar[tuple[str, ...]] = KINDS
    simulates: ClassVar[str] = (
        "a consumer with a cache of its own before the cache, or one that reads a replica which stopped"
    )
    how: ClassVar[str] = "the proxy copies the keys that match, and answers reads from the copy"
    needs: ClassVar[str] = (
        "a Redis or Valkey without a password in `x-harness: servers`, reached over its link without TLS"
    )
    outage: ClassVar[str] = (
        "Yeller, August 2014: a partition healed and messages still were hours late; cached routes were suspected "
        "(yellerapp.com/posts/2014-08-04-postmortem1.html)"
    )

    keys: tuple[str, ...] = Field(default=())

    def on_links(self, context: FaultContext) -> Active:
        """As every fault of links. FaultUnavailable where the proxy could not look for itself."""
        for name, adapter in self.servers(context).items():
            if isinstance(adapter, Redis) and (adapter.password is not None or adapter.tls is not None):
                raise unavailable(
                    self.fault_name(), name, "the server wants a password or TLS, which the proxy does not have",
                    "a Redis that the proxy can read",
                )  # fmt: skip
        return super().on_links(context)

    def toxics(self) -> Sequence[Toxic]:
        """One."""
        return [Toxic("", "redis_stale", "upstream", {"keys": list(self.keys)})]

    def what(self) -> str:
        """In words."""
        return "frozen reads" + (f" ({', '.join(self.keys)})" if self.keys else "")
