"""A cache whose entries never expire."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.faults._acts import Act, Seen
from harness.faults._undo import Undo
from harness.faults.cache._redis import PREFIX, KeysFault, RedisAct, RedisServer

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

PERSIST = """
local n, noted, t = 0, ARGV[4], redis.call('TIME')
local now=t[1]*1000+math.floor(t[2]/1000)
each('*', function(k) if meant(k) then
  local left=redis.call('PTTL',k)
  if left>0 then
    in_shadow('HSET',noted,k,string.format('%.0f',now+left))
    n=n+redis.call('PERSIST',k)
  end
end end)
return n
"""
EXPIRE = """
local n, noted = 0, ARGV[4]
local all=in_shadow('HGETALL',noted)
for i=1,#all,2 do
  if redis.call('PTTL',all[i])==-1 then n=n+redis.call('PEXPIREAT',all[i],all[i+1]) end
end
in_shadow('DEL',noted)
return n
"""
STILL = """
local n, all = 0, in_shadow('HGETALL',ARGV[4])
for i=1,#all,2 do if redis.call('PTTL',all[i])==-1 then n=n+1 end end
return n
"""


class Immortal(KeysFault):
    """Entries that would expire do not: their time to live is removed, once, when it is injected. Healing sets the
    moment at which each would have expired; what is past it goes at once.
    """

    simulates: ClassVar[str] = "a change that forgets the time to live, or a client that writes without one"
    how: ClassVar[str] = "a script in the server persists every key that matches, and notes when it would have expired"
    needs: ClassVar[str] = "a Redis or Valkey in `x-harness: servers`, whose user may run scripts"
    outage: ClassVar[str] = (
        "no outage: documented behaviour that is easy to miss. A SET without its options drops the time to live of "
        "a key (redis.io/docs/latest/commands/set), and what was to live for minutes lives on"
    )

    def what(self) -> str:
        """In words."""
        return f"no expiry of entries{self.which()}"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        server = self.redis(environment, replica.name)
        return _Lasting(environment, server, self.patterns(server))


class _Lasting(RedisAct):
    def __init__(self, environment: Environment, server: RedisServer, patterns: tuple[str, ...]) -> None:
        super().__init__(environment, server)
        self._patterns, self._count = patterns, 0
        self._noted = f"{PREFIX}expiry:{secrets.token_hex(4)}"

    def undoing(self) -> Sequence[Undo]:
        return [self.server.undo(self.server.script_words(EXPIRE, (), self._noted))]

    def do(self) -> None:
        self.begin()
        self._count = self.script(PERSIST, self._patterns, self._noted)

    def seen(self) -> Seen:
        read, still = self.reads, self._still()
        said = f"{self._count} keys lost their expiry, {still} have none still, and {read} reads found a key"
        if not self._count:
            said = "no key that matches would expire"
        return Seen(True, self._count > 0 and read > 0, said, {"keys": self._count, "still": still, "reads": read})

    def left(self) -> str | None:
        still = self._still()
        return f"{still} keys still do not expire" if still else None

    def _still(self) -> int:
        return self.script(STILL, (), self._noted)
