"""A cache that was emptied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.faults._acts import Act, Seen
from harness.faults._undo import Undo
from harness.faults.cache._redis import KeysFault, RedisAct, RedisServer

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

SCRIPT = """
local n=0
each('*', function(k) if meant(k) then n=n+redis.call('UNLINK',k) end end)
return n
"""


class Cold(KeysFault):
    """The cache loses its keys, but for those of queues, at once. Who needs them makes them again, all at the same
    time. Nothing is put back when it is healed.
    """

    simulates: ClassVar[str] = "a cache that was restarted without persistence, or flushed by a deployment"
    how: ClassVar[str] = "a script in the server unlinks every key that matches; queues are spared"
    needs: ClassVar[str] = "a Redis or Valkey in `x-harness: servers`, whose user may run scripts"
    outage: ClassVar[str] = (
        "Facebook, September 2010: every client took a cached value for invalid and asked the database for it; each "
        "error deleted the key again "
        "(facebook.com/notes/facebook-engineering/more-details-on-todays-outage/431441338919)"
    )

    def what(self) -> str:
        """In words."""
        return f"cold start{self.which()}"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        server = self.redis(environment, replica.name)
        return _Emptied(environment, server, self.patterns(server))


class _Emptied(RedisAct):
    def __init__(self, environment: Environment, server: RedisServer, patterns: tuple[str, ...]) -> None:
        super().__init__(environment, server)
        self._patterns, self._lost = patterns, 0

    def undoing(self) -> Sequence[Undo]:
        return ()

    def do(self) -> None:
        self.begin()
        self._lost = self.script(SCRIPT, self._patterns)

    def seen(self) -> Seen:
        missed = self.moved("keyspace_misses")
        said = f"{self._lost} keys were lost, and asked for in vain {missed} times"
        return Seen(True, self._lost > 0 and missed > 0, said, {"lost": self._lost, "missed": missed})

    def left(self) -> str | None:
        return None
