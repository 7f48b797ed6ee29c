"""What faults of Redis share: scripts that run in the server, the database that marks are kept in, its counters."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from harness.errors import FaultUnavailable, HostError
from harness.faults._acts import Act, unavailable
from harness.faults._servers import Server, ServerFault
from harness.faults._traffic import Traffic
from harness.faults._undo import Undo
from harness.servers.redis import Redis, quoted

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

KINDS = ("redis", "valkey")
PREFIX = "rollback-harness:"
# KEYS are patterns as in a shell; with `!` before it a pattern leaves out what it matches.
HEAD = """
local function like(p) return '^'..p:gsub('[%^%$%(%)%%%.%[%]%+%-]','%%%0'):gsub('%*','.*'):gsub('%?','.')..'$' end
local own, shadow, patterns = ARGV[1], ARGV[2], cjson.decode(ARGV[3])
local function meant(k)
  local some, any = false, false
  for _,p in ipairs(patterns) do
    if p:sub(1,1)=='!' then if k:match(like(p:sub(2))) then return false end
    else some=true if k:match(like(p)) then any=true end end
  end
  return any or not some
end
local function each(match, f)
  local c='0'
  repeat
    local r=redis.call('SCAN',c,'MATCH',match,'COUNT',1000) c=r[1]
    for _,k in ipairs(r[2]) do f(k) end
  until c=='0'
end
local function in_shadow(...) redis.call('SELECT',shadow) local r=redis.call(...) redis.call('SELECT',own) return r end
"""


class RedisServer(Server):
    """A Redis that can be asked."""

    adapter: Redis

    def command(self, *words: str) -> str:
        """What it answers to a command.

        Raises:
            HostError: it refuses, or does not answer.
        """
        said = self.ask(quoted(words)).rstrip("\n")
        if said.split(" ", 1)[0] in ("ERR", "NOAUTH", "NOPERM", "OOM", "READONLY", "MISCONF", "LOADING", "WRONGTYPE"):
            raise HostError(
                f"{self.replica.name} refuses a command", where=f"{self.replica.name}, {words[0]}", got=said[:300],
                expected="a server that lets its declared user do it",
            )  # fmt: skip
        return said

    def script(self, body: str, patterns: Collection[str], *words: str) -> str:
        """What a script returns; in it are `own`, `shadow`, `meant` and `each`, and the words from ARGV[4] on."""
        return self.command(*self.script_words(body, patterns, *words))

    def script_words(self, body: str, patterns: Collection[str], *words: str) -> tuple[str, ...]:
        """The command of that script."""
        own, shadow = self.adapter.database, self.shadow
        given = "[" + ",".join('"' + one.replace("\\", "\\\\").replace('"', '\\"') + '"' for one in patterns) + "]"
        return ("EVAL", HEAD + body, "0", str(own), str(shadow), given if patterns else "{}", *words)

    def undo(self, *commands: tuple[str, ...]) -> Undo:
        """What gives these commands, should another process have to."""
        shell = shlex.join(self.adapter.once(*(quoted(one) for one in commands)))
        return Undo(self.replica.name, self.replica.container_id, shell=shell)

    @property
    def shadow(self) -> int:
        """The number of the database that nobody uses, where marks are kept: the last one, or the one before."""
        said = self.command("CONFIG", "GET", "databases").split()
        last = int(said[-1]) - 1 if said and said[-1].isdigit() else 15
        return last if last != self.adapter.database else last - 1

    def info(self) -> dict[str, int]:
        """The numbers of INFO, by name."""
        lines = (line.strip().partition(":") for line in self.command("INFO", "everything").splitlines())
        return {name: int(value) for name, _, value in lines if value.isdigit()}

    def info_text(self, name: str) -> str:
        """One field of INFO, as it is; empty where it is not there."""
        lines = (line.strip().partition(":") for line in self.command("INFO", "everything").splitlines())
        return next((value for field, _, value in lines if field == name), "")


class RedisFault(ServerFault):
    """A fault of caches that are a Redis."""

    kinds: ClassVar[tuple[str, ...]] = KINDS

    def leads(self, environment: Environment, replica: Replica) -> bool:
        """It is no replica of another Redis."""
        return self.redis(environment, replica.name).info_text("role") != "slave"

    def redis(self, environment: Environment, name: str) -> RedisServer:
        """The server in a replica."""
        found = self.server(environment, environment.replica(name))
        return RedisServer(found.replica, found.adapter)


class KeysFault(RedisFault):
    """A fault of keys.

    Attributes:
        keys: which, patterns as in a shell (`*` and `?`); `!` before one leaves out what it matches. Left out, every
            key. Those that the stack declares as queues are never meant.
    """

    keys: tuple[str, ...] = Field(default=())

    def patterns(self, server: RedisServer) -> tuple[str, ...]:
        """With what is a queue left out."""
        return (*self.keys, *(f"!{one}" for one in server.adapter.queues))

    def which(self) -> str:
        """In words."""
        return f" ({', '.join(self.keys)})" if self.keys else ""


class RedisAct(Act):
    """What is done to one Redis. `before` are its numbers when it was done."""

    def __init__(self, environment: Environment, server: RedisServer) -> None:
        self.environment, self.server, self.place = environment, server, server.replica.name
        self.before: dict[str, int] = {}
        self._own = 0  # reads that found a key, and were ours
        self.traffic: Traffic | None = None

    def begin(self) -> None:
        """Count from here on."""
        self.traffic = Traffic(self.environment, self.place, both=False)
        self.before = self.server.info()

    def script(self, body: str, patterns: Collection[str], *words: str) -> int:
        """The number that a script returns. What it reads itself does not count as read."""
        before = self.server.info().get("keyspace_hits", 0)
        said = int(self.server.script(body, patterns, *words))
        self._own += self.server.info().get("keyspace_hits", 0) - before
        return said

    @property
    def reads(self) -> int:
        """That found a key, and were not ours."""
        return self.moved("keyspace_hits") - self._own

    def moved(self, *names: str) -> int:
        """By how much these numbers grew, together."""
        now = self.server.info()
        return sum(now.get(name, 0) - self.before.get(name, 0) for name in names)


def too_old(fault: str, server: RedisServer, wanted: str) -> FaultUnavailable | None:
    """The error where the server is older than this; None where it is not."""
    said = server.info_text("redis_version")
    numbers = tuple(int(part) for part in said.split(".") if part.isdigit())
    if numbers >= tuple(map(int, wanted.split("."))):
        return None
    return unavailable(fault, server.replica.name, f"Redis {said or 'of no known version'}", f"Redis {wanted} or later")
