"""Marks: what a Redis held at a moment, kept in a database of it that nobody uses, and put back from there."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.errors import UsageError
from harness.faults._acts import Act, Seen
from harness.faults._undo import Undo
from harness.faults.cache._redis import KINDS, PREFIX, KeysFault, RedisAct, RedisServer, too_old
from harness.servers import declared
from harness.servers.redis import Redis

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

NEEDED = "6.2"  # COPY
TAKE = """
local mark=ARGV[4]
redis.call('SELECT',shadow)
each(mark..'*', function(k) redis.call('UNLINK',k) end)
redis.call('SET',mark..'made','1')
redis.call('SELECT',own)
local n=0
each('*', function(k) if meant(k) then
  local t=redis.call('PTTL',k)
  if redis.call('COPY',k,mark..'key:'..k,'DB',shadow,'REPLACE')==1 then
    in_shadow('PERSIST',mark..'key:'..k)
    if t>0 then in_shadow('HSET',mark..'ttl',k,t) end
    n=n+1
  end
end end)
return n
"""
# What is put back is noted with the digest of its dump and the moment at which it would expire, which a key that does
# not expire is given, too: whoever writes the very same value again leaves another moment, or none. Only what nobody
# has written since is taken away again.
NOTED = """
local now=redis.call('TIME')
now=now[1]*1000+math.floor(now[2]/1000)
local function noted(k)
  local dump=redis.call('DUMP',k)
  if not dump then return '' end
  local left=redis.call('PTTL',k)
  return redis.sha1hex(dump), left<0 and -1 or now+left
end
local function untouched(k,was)
  local digest, at = noted(k)
  if was=='' or digest=='' then return digest==was end
  local then_digest, then_at = was:match('^(%x+) (%d+)$')
  return digest==then_digest and math.abs(at-tonumber(then_at))<=250
end
"""
FAR = 30 * 86400 * 1000  # ms
PUT = (
    NOTED
    + """
local mark, saved, gone = ARGV[4], ARGV[5], ARGV[6]
if in_shadow('EXISTS',mark..'made')==0 then return -1 end
local n, head = 0, #(mark..'key:')
local function save(k)
  if redis.call('EXISTS',k)==1 then redis.call('COPY',k,saved..'key:'..k,'DB',shadow,'REPLACE') end
  n=n+1
end
redis.call('SELECT',shadow)
local marked={}
each(mark..'key:*', function(k) marked[#marked+1]=k end)
redis.call('SELECT',own)
local known={}
for _,full in ipairs(marked) do
  local k=full:sub(head+1)
  known[k]=true
  if meant(k) and redis.call('DUMP',k)~=in_shadow('DUMP',full) and (gone=='1' or redis.call('EXISTS',k)==1) then
    save(k)
    in_shadow('COPY',full,k,'DB',own,'REPLACE')
    redis.call('PEXPIRE',k,in_shadow('HGET',mark..'ttl',k) or ARGV[7])
    local digest, at = noted(k)
    in_shadow('HSET',saved..'put',k,digest..' '..string.format('%.0f',at))
  end
end
if gone=='1' then
  each('*', function(k) if meant(k) and not known[k] then
    save(k) redis.call('UNLINK',k) in_shadow('HSET',saved..'put',k,'')
  end end)
end
return n
"""
)
TAKE_BACK = (
    NOTED
    + """
local saved, n = ARGV[4], 0
local put=in_shadow('HGETALL',saved..'put')
for i=1,#put,2 do
  local k, was = put[i], put[i+1]
  if untouched(k,was) then
    redis.call('UNLINK',k)
    in_shadow('COPY',saved..'key:'..k,k,'DB',own)
    n=n+1
  end
end
redis.call('SELECT',shadow)
each(saved..'*', function(k) redis.call('UNLINK',k) end)
redis.call('SELECT',own)
return n
"""
)
STILL = (
    NOTED
    + """
local n, put = 0, in_shadow('HGETALL',ARGV[4]..'put')
for i=1,#put,2 do if untouched(put[i],put[i+1]) then n=n+1 end end
return n
"""
)


def take_marks(environment: Environment, name: str) -> dict[str, int]:
    """Keep what every declared Redis holds now, but for its queues, under a name; an older one of the name is replaced.
    Returns how many keys, by replica.

    Raises:
        HostError: a server refuses, or does not answer. FaultUnavailable: it is older than 6.2.
    """
    found: dict[str, int] = {}
    for adapter in declared(environment.stack.harness).values():
        if not isinstance(adapter, Redis) or adapter.kind not in KINDS:
            continue
        for replica in environment[adapter.service]:
            server = RedisServer(replica, adapter)
            if server.info_text("role") == "slave":
                continue  # it has what its primary has
            if refused := too_old("cache.stale", server, NEEDED):
                raise refused
            spared = [f"!{one}" for one in adapter.queues]
            found[replica.name] = int(server.script(TAKE, spared, mark(name)))
    return found


def mark(name: str) -> str:
    """What the keys of a mark begin with."""
    return f"{PREFIX}mark:{name}:"


class PutBack(RedisAct):
    """What a mark holds is put back.

    Args:
        gone: whether keys that are not in the mark go, and those that are gone come back.
        number: tells what this one saved from what others did.
    """

    def __init__(
        self, environment: Environment, server: RedisServer, patterns: tuple[str, ...], name: str, *, gone: bool,
        number: str,
    ) -> None:  # fmt: skip
        super().__init__(environment, server)
        self._patterns, self._name, self._gone = patterns, name, gone
        self._saved, self._put = f"{PREFIX}saved:{number}:", 0

    def undoing(self) -> Sequence[Undo]:
        if refused := too_old("cache.stale", self.server, NEEDED):
            raise refused
        return [self.server.undo(self.server.script_words(TAKE_BACK, (), self._saved))]

    def do(self) -> None:
        self.begin()
        words = (mark(self._name), self._saved, "1" if self._gone else "0", str(FAR))
        self._put = self.script(PUT, self._patterns, *words)
        if self._put < 0:
            self._put = 0
            raise UsageError(
                "There is no such mark", where=self.place, got=self._name,
                expected="a mark that was taken before, while the cache was as it should become again",
                hint="`harness fault mark NAME`, `faults.mark(NAME)` or the step `mark` takes one",
            )  # fmt: skip

    def seen(self) -> Seen:
        read, still = self.reads, self.script(STILL, (), self._saved)
        said = f"{self._put} keys were put back as they were, {still} are so still, and {read} reads found a key"
        if not self._put:
            said = f"no key that matches differs from what it was at the mark {self._name}"
        return Seen(True, self._put > 0 and read > 0, said, {"put": self._put, "still": still, "reads": read})

    def left(self) -> str | None:
        still = int(self.server.script(STILL, (), self._saved))
        return f"{still} keys are still as they were put back" if still else None


class MarkFault(KeysFault):
    """A fault that puts back what a mark holds. Subclasses declare `mark`, with its default.

    Attributes:
        gone: whether keys that are not in the mark go, and those that are gone come back.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "mark")
    gone: ClassVar[bool]
    mark: str

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        server, number = self.redis(environment, replica.name), secrets.token_hex(4)
        return PutBack(environment, server, self.patterns(server), self.mark, gone=self.gone, number=number)
