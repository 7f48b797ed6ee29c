"""Redis and Valkey, asked with `redis-cli` or `valkey-cli`.

A sample is what INFO says. A fingerprint holds what kinds of keys there are, the values of few, and what is configured.
Keys are read in small steps of SCAN, for at most `MAX_SECONDS` seconds.
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from harness.clock import Clock
from harness.events import ProbeRedis, ProbeServer
from harness.fingerprint import StatePart
from harness.kept import Startable
from harness.printable import shortened
from harness.servers import _redis_settings
from harness.servers._base import (
    Ask,
    Client,
    DeclaredQueue,
    HostOrPath,
    Password,
    RawAnswer,
    Sample,
    ServerAdapter,
    ServerTls,
    SimpleSampling,
    complaint,
    piped,
)  # fmt: skip
from harness.servers._keys import MAX_KEYS, KeyKind, decode, keys_part, pattern, values_part
from harness.stack.base import AsWhole, Word, wrong

MAX_SECONDS = 1.0  # s of looking at keys
LEAST_KEYS, LONGEST = 2000, 3.0  # so many are looked at for so many seconds, on a machine that is slow
STEP = 250  # keys of one call: the server answers no other client meanwhile, for about a millisecond
# What is answered in place of everything, the mark too: nothing more comes after it.
REFUSED = (
    b"NOAUTH ", b"DENIED ", b"NOPERM ", b"WRONGPASS ", b"Could not connect to ", b"AUTH failed", b"LOADING ",
)  # fmt: skip
INFO = {
    "hits": "keyspace_hits",
    "misses": "keyspace_misses",
    "evicted": "evicted_keys",
    "expired": "expired_keys",
    "memory": "used_memory",
    "memory_limit": "maxmemory",
    "clients": "connected_clients",
    "blocked": "blocked_clients",
    "rejected": "rejected_connections",
    "uptime": "uptime_in_seconds",
}


def _words(value: Any) -> Any:
    if isinstance(value, list | tuple) and value and all(isinstance(word, str | int) for word in value):
        return tuple(str(word) for word in value)
    raise wrong("a Redis command as a list of words, such as [LLEN, jobs]")


Command = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    WithJsonSchema({"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1}),
]


class RedisQueue(DeclaredQueue):
    """A queue that is kept in Redis."""

    depth: Command = Field(description="The command that answers with the number of jobs.")
    oldest: Command | None = Field(
        default=None, description="The command that answers with the oldest job, or nothing where there is none."
    )
    field: Word | None = Field(
        default=None, description="The field of that job, a JSON object, that holds its time or age."
    )


class Redis(ServerAdapter):
    """A database of a Redis or Valkey."""

    event: ClassVar[type[ProbeServer]] = ProbeRedis
    parts: ClassVar[tuple[str, ...]] = ("keys", "values", "queues", "settings", "roles", "schema")

    kind: Literal["redis", "valkey"] = Field(description="Redis or Valkey.")
    database: Annotated[int, Field(ge=0), AsWhole] = Field(default=0, description="The database's number.")
    user: Word | None = Field(default=None, description="Who connects; left out, the default user.")
    password: Password | None = Field(
        default=None, description="Left out: REDISCLI_AUTH of the container, if it is set."
    )
    address: HostOrPath | None = Field(
        default=None, description="address:port, or the path of its unix socket; left out, 127.0.0.1:6379."
    )
    tls: ServerTls | None = Field(default=None, description="TLS, over an address:port.")
    queues: tuple[Word, ...] = Field(
        default=(),
        description="Patterns of keys that are queues: they may be empty, and only their elements' form counts.",
    )
    queue: RedisQueue | None = Field(default=None, description="A queue in this database.")
    readback: Command | None = Field(
        default=None, description="The command that lists the work whose key begins with {key}, a line each."
    )

    def shell(self, *more: str) -> str:
        """The shell text that becomes a client; it reads commands unless it is given one."""
        words = ["-n", str(self.database)]
        if self.address is not None:
            host, _, port = self.address.rpartition(":")
            words += ["-s", self.address] if self.address.startswith("/") else ["-h", host.strip("[]"), "-p", port]
        if self.tls is not None:
            given = {"--cacert": self.tls.ca, "--cert": self.tls.certificate, "--key": self.tls.key}
            words += ["--tls", *(word for option, path in given.items() if path for word in (option, path))]
            words += [] if self.tls.verify else ["--insecure"]
        if self.user is not None:
            words += ["--user", self.user]
        password = f"export REDISCLI_AUTH={self.password.shell()}\n" if self.password else ""
        first, second = ("redis-cli", "valkey-cli") if self.kind == "redis" else ("valkey-cli", "redis-cli")
        find = f"c={first}; command -v {first} >/dev/null 2>&1 || ! command -v {second} >/dev/null 2>&1 || c={second}"
        return f"{password}{find}\nexec $c {shlex.join([*words, *more])}"

    def connect(self, replica: Startable) -> Client:
        """A client kept open."""
        return Client(replica, self.shell(), "ECHO {token}\n", refused=REFUSED)

    def once(self, *questions: str) -> list[str]:
        """A client that reads the commands and ends."""
        return piped(questions, self.shell())

    def sample(self, replica: Startable) -> SimpleSampling:
        """Samples it."""
        return SimpleSampling(self.connect(replica), ["INFO"], self.read_sample)

    def read_sample(self, text: str) -> Sample:
        """The fields from what INFO says; None where it does not say it. Sizes in bytes."""
        said = dict(
            line.strip().split(":", 1) for line in text.splitlines() if ":" in line and not line.startswith("#")
        )
        found: dict[str, Any] = {name: _whole(said.get(key)) for name, key in INFO.items()}
        if said.get("loading") == "1":
            share = said.get("loading_loaded_perc")
            so_far = f" ({share} % so far)" if share else ""
            return Sample(error=f"it is loading its data from disk, and has not finished{so_far}")
        if found["memory"] is None:
            return Sample(error=shortened(f"not what INFO says: {text.strip()}"))
        # A database without keys is not named.
        keys = dict(pair.split("=", 1) for pair in said.get(f"db{self.database}", "").split(",") if "=" in pair)
        for name in ("keys", "expires"):
            found[name] = _whole(keys.get(name)) if keys else 0
        return Sample({**found, "role": said.get("role")})

    def queue_questions(self) -> tuple[str, ...]:
        """The commands that are declared."""
        return tuple(quoted(one) for one in (self.queue.depth, self.queue.oldest) if one) if self.queue else ()

    def readback_question(self, key: str) -> str:
        """The command that is declared."""
        return quoted([word.replace("{key}", key) for word in self.readback or ()])

    def fingerprint(
        self, ask: Ask, releases: Collection[str], clock: Clock, own: Collection[str] = ()
    ) -> Mapping[str, StatePart]:
        """Keys step by step; then what is configured."""
        kinds: dict[str, KeyKind] = {}
        queues: dict[str, KeyKind] = {name: KeyKind() for name in self.queues}
        script = files("harness.servers").joinpath("redis.lua").read_text(encoding="utf-8")
        days = ",".join(time.strftime("%Y-%m-%d", time.gmtime(clock.now() + 86400.0 * one)) for one in (-1, 0, 1))
        cursor, seen, began, total = "0", set[bytes](), clock.monotonic(), 0
        first = True
        while True:
            step = f"(\n{self.shell('EVAL', script, '0', cursor, str(STEP), days)}\n)"
            answer = ask(step + (f"; (\n{self.shell('DBSIZE')}\n)" if first else ""))
            if answer.exit_code or not re.match(rb"\d+:", answer.stdout):
                return dict.fromkeys(self.parts, StatePart(None, f"redis-cli: {complaint(answer)}"))
            said = netstrings(answer.stdout)
            cursor = next(said).decode()
            if first:
                total, first = _total(answer), False
            for key, kind, ttl, size, holds, values in _keys(said):
                if key in seen or any(f"{one}-".encode() in key for one in own):
                    seen.add(key)  # SCAN may name a key twice
                    continue
                seen.add(key)
                name = decode(key)
                queue = next((one for one in queues if fnmatchcase(name, one)), None)
                into = queues[queue] if queue else kinds.setdefault(pattern(name, releases), KeyKind())
                into.add(kind, ttl, values, size=size, name=name, holds=holds)
            spent = clock.monotonic() - began
            enough = len(seen) >= MAX_KEYS or spent >= (MAX_SECONDS if len(seen) >= LEAST_KEYS else LONGEST)
            if cursor == "0" or enough:
                whole = None if cursor == "0" else max(total, len(seen))
                found = {
                    "keys": keys_part(kinds, len(seen), whole),
                    "values": values_part(kinds),
                    "queues": _queues(queues),
                }
                return {**found, **_redis_settings.read(ask(_redis_settings.asks(self.shell("--no-raw"))))}


def quoted(command: Collection[str]) -> str:
    """A command as redis-cli reads a line."""
    return " ".join('"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"' for word in command)


def netstrings(raw: bytes) -> Iterator[bytes]:
    """The texts of `5:hello3:you`; ends where it is no such thing any more. ValueError where the last one is torn."""
    at = 0
    while found := re.compile(rb"(\d+):").match(raw, at):
        end = found.end() + int(found[1])
        if end > len(raw):
            raise ValueError(f"{end - len(raw)} bytes are missing at its end")
        yield raw[found.end() : end]
        at = end
    if raw[at : at + 1].isdigit():
        raise ValueError("its last length is torn")


def _keys(said: Iterator[bytes]) -> Iterator[tuple[bytes, str, int, int, str, list[bytes]]]:
    for key in said:
        kind, ttl, size = (next(said).decode() for _ in range(3))
        digest = decode(next(said))
        values = [next(said) for _ in range(int(next(said)))]
        yield key, kind, int(ttl), int(size), _holds(kind, int(size), digest, lasting=ttl == "0"), values


def _holds(kind: str, size: int, digest: str, *, lasting: bool) -> str:
    """What a key holds, to be compared: a short text as it is, else its size and a digest."""
    if not lasting:
        return ""
    if digest.startswith("="):
        return digest[1:]
    digest, _, length = digest.partition("/")
    what = f"{length or size} {'bytes' if kind == 'string' else 'elements'}"
    return f"{what}, hash {digest[:12]}" if digest else what


def _queues(queues: Mapping[str, KeyKind]) -> StatePart:
    if not queues:
        return StatePart(None, absent="no queues are declared")
    return StatePart({name: {"format": sorted(one.formats), **one.sample()} for name, one in queues.items()})


def _total(answer: RawAnswer) -> int:
    last = answer.stdout.strip().rpartition(b"\n")[2]
    return int(last) if last.isdigit() else 0


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None
