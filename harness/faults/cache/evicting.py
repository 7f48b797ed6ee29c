"""A cache that has too little memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from harness.faults._acts import Act, Seen
from harness.faults._undo import Undo
from harness.faults.cache._redis import RedisAct, RedisFault, RedisServer

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

Policy = Literal[
    "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
    "noeviction",
]  # fmt: skip


class Evicting(RedisFault):
    """The cache may use a share of the memory that it used when this was injected: it evicts entries, or refuses
    writes. Which entries of a queue it may evict, the policy says, too.

    Attributes:
        share: of the memory in use.
        policy: what it does then, as Redis calls it; left out, the one that is set.
    """

    simulates: ClassVar[str] = "a cache that a release fills: entries go before they are used, or writes are refused"
    how: ClassVar[str] = "CONFIG SET maxmemory, and maxmemory-policy"
    needs: ClassVar[str] = "a Redis or Valkey in `x-harness: servers`, whose user may use CONFIG"
    outage: ClassVar[str] = (
        "Foursquare, October 2010: a store outgrew its memory, and the site was down for 17 hours over two days "
        "(news.ycombinator.com/item?id=1769761)"
    )

    share: float = Field(default=0.9, gt=0, le=1)
    policy: Policy | None = None

    def what(self) -> str:
        """In words."""
        return f"memory limit of {self.share:.0%} of what is used" + (f" ({self.policy})" if self.policy else "")

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Limited(environment, self.redis(environment, replica.name), self.share, self.policy)


class _Limited(RedisAct):
    def __init__(self, environment: Environment, server: RedisServer, share: float, policy: str | None) -> None:
        super().__init__(environment, server)
        self._share, self._policy, self._limit = share, policy, 0
        self._was: dict[str, str] = {}

    def undoing(self) -> Sequence[Undo]:
        names = ("maxmemory", "maxmemory-policy")
        self._was = {name: self.server.command("CONFIG", "GET", name).split()[-1] for name in names}
        return [self.server.undo(*(("CONFIG", "SET", name, value) for name, value in self._was.items()))]

    def do(self) -> None:
        self.begin()
        self._limit = int(self.before["used_memory"] * self._share)
        if self._policy is not None:
            self.server.command("CONFIG", "SET", "maxmemory-policy", self._policy)
        self.server.command("CONFIG", "SET", "maxmemory", str(self._limit))

    def seen(self) -> Seen:
        now = self.server.info()
        evicted = now.get("evicted_keys", 0) - self.before.get("evicted_keys", 0)
        refused = self._refused()
        said = f"{evicted} keys were evicted, {refused} commands refused"
        effect = now.get("maxmemory") == self._limit
        return Seen(effect, evicted + refused > 0, said, {"evicted": evicted, "refused": refused})

    def _refused(self) -> int:
        """Since the server began: errors are counted by their first word from Redis 6.2 on."""
        said = self.server.info_text("errorstat_OOM")
        return int(said.removeprefix("count=") or 0)

    def left(self) -> str | None:
        said = self.server.command("CONFIG", "GET", "maxmemory").split()[-1]
        return None if said == self._was["maxmemory"] else f"its limit is {said} bytes, not {self._was['maxmemory']}"
