"""A cache that has not heard the news."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ._redis import Redis, answer_map, answer_number, answer_value, answer_values, command
from ._requests import matcher
from .base import Target, Toxic

SECONDS = 10.0  # that the mark may take
MOST_KEYS = 200_000
READS = {"GET", "MGET", "EXISTS", "STRLEN", "HGET", "HMGET", "HGETALL", "HEXISTS", "HLEN"}


@dataclass
class Mark:
    """What a Redis held at a moment, of the keys that match."""

    covers: Callable[[str], Any]
    strings: dict[bytes, bytes] = field(default_factory=dict)
    hashes: dict[bytes, dict[bytes, bytes]] = field(default_factory=dict)
    others: set[bytes] = field(default_factory=set)


class RedisStale(Redis):
    """Reads of matching keys are answered with what the keys were when the toxic was added, that is, with nothing if
    they did not exist. For strings and hashes; keys of other types, and commands about several keys of which one does
    not match, are answered as they are. `database` is the one that is meant; `username` and `password` are needed
    where Redis wants them, since the toxic has to look for itself."""

    type = "redis_stale"
    attributes: ClassVar[Mapping[str, str]] = {
        "keys": "strings", "database": "int64", "username": "string", "password": "string",
    }  # fmt: skip

    @classmethod
    async def prepare(cls, toxic: Toxic, proxy: Target) -> None:
        try:
            toxic.memory = await asyncio.wait_for(look(toxic, proxy), SECONDS)
        except TimeoutError:
            raise OSError(f"{proxy.upstream} did not tell its keys within {SECONDS:.0f} s") from None
        except (ValueError, IndexError, EOFError, TypeError) as error:
            raise OSError(f"{proxy.upstream} does not answer as a Redis: {error}") from None

    def answer(self, name: str, words: list[bytes], data: bytes) -> bytes:
        if name not in READS or self.database != self.toxic["database"] or not self.about(name, words):
            return data
        mark: Mark = self.toxic.memory
        keys = words[1:] if name in ("MGET", "EXISTS") else words[1:2]
        if not keys or (name in ("GET", "STRLEN") and len(words) != 2):
            return data  # the wrong number of arguments: Redis knows what to say
        if any(key in mark.others or not mark.covers(key.decode("latin-1")) for key in keys):
            return data
        if name.startswith("H"):
            return data if keys[0] in mark.strings else _of_hash(name, mark.hashes.get(keys[0], {}), words[2:], data)
        return _of_strings(name, mark, keys, data)


def _of_strings(name: str, mark: Mark, keys: Sequence[bytes], data: bytes) -> bytes:
    if name == "EXISTS":
        return answer_number(sum(key in mark.strings or key in mark.hashes for key in keys))
    if name == "MGET":
        return answer_values([mark.strings.get(key) for key in keys])
    if keys[0] in mark.hashes or len(keys) != 1:
        return data
    value = mark.strings.get(keys[0])
    return answer_value(value) if name == "GET" else answer_number(len(value or b""))


def _of_hash(name: str, held: Mapping[bytes, bytes], names: Sequence[bytes], data: bytes) -> bytes:
    if name == "HGETALL" and not names:
        return answer_map([word for pair in held.items() for word in pair])
    if name == "HLEN" and not names:
        return answer_number(len(held))
    if name == "HMGET" and names:
        return answer_values([held.get(field) for field in names])
    if len(names) != 1 or name not in ("HGET", "HEXISTS"):
        return data  # the wrong number of arguments: Redis knows what to say
    return answer_value(held.get(names[0])) if name == "HGET" else answer_number(names[0] in held)


class Asker:
    """A client of the Redis behind the proxy, for the mark."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, *commands: Sequence[bytes | str | int]) -> list[Any]:
        """The answers to some commands, sent at once. Raises OSError if one is refused."""
        self.writer.write(b"".join(command(*words) for words in commands))
        return [await self._read() for _ in commands]

    async def _read(self) -> Any:
        line = await self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError("the connection ended")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise OSError(rest.decode("utf-8", "replace"))
        if kind == b"+":
            return rest
        number = int(rest)
        if kind == b":" or number < 0:
            return number if kind == b":" else None
        if kind == b"$":
            return (await self.reader.readexactly(number + 2))[:-2]
        if kind == b"*":
            return [await self._read() for _ in range(number)]
        raise ValueError(f"an answer that begins with {kind!r}")


async def look(toxic: Toxic, proxy: Target) -> Mark:
    """Read every key that matches."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await proxy.upstreams.connect(lambda: protocol, *proxy.target())
    writer = asyncio.StreamWriter(transport, protocol, reader, proxy.loop)
    try:
        asker = Asker(reader, writer)
        if toxic["password"]:
            await asker.ask(["AUTH", *([toxic["username"]] if toxic["username"] else []), toxic["password"]])
        if toxic["database"]:
            await asker.ask(["SELECT", toxic["database"]])
        mark = Mark(matcher(toxic["keys"]))
        keys = await _keys(asker, mark.covers)
        for at in range(0, len(keys), 500):
            await _read(asker, keys[at : at + 500], mark)
        return mark
    finally:
        writer.close()


async def _keys(asker: Asker, covers: Callable[[str], Any]) -> list[bytes]:
    found: set[bytes] = set()
    cursor: bytes | int = 0
    while True:
        ((cursor, keys),) = await asker.ask(["SCAN", cursor, "COUNT", 1000])
        found.update(key for key in keys if covers(key.decode("latin-1")))
        if len(found) > MOST_KEYS:
            raise OSError(f"more than {MOST_KEYS} keys match")
        if cursor == b"0":
            return sorted(found)


async def _read(asker: Asker, keys: Sequence[bytes], mark: Mark) -> None:
    types = await asker.ask(*(("TYPE", key) for key in keys))
    reads = {b"string": "GET", b"hash": "HGETALL"}
    wanted = [(key, type_) for key, type_ in zip(keys, types, strict=True) if type_ in reads]
    mark.others.update(key for key, type_ in zip(keys, types, strict=True) if type_ not in (*reads, b"none"))
    values = await asker.ask(*((reads[type_], key) for key, type_ in wanted))
    for (key, type_), value in zip(wanted, values, strict=True):
        if type_ == b"hash":
            mark.hashes[key] = dict(zip(value[::2], value[1::2], strict=True))
        elif value is not None:
            mark.strings[key] = value
