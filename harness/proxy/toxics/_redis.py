"""Redis requests, and the scripts that make a Redis answer what we want."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ._requests import Requests, Unreadable, matcher
from .base import Direction, Toxic

INLINE = 64 * 1024
COMMANDS = 1024 * 1024  # arguments of one command, as in Redis

# Where the keys of a command stand: (first, last, step) among its arguments, as Redis' own table has it; a last of -1
# is the last argument. Commands that are not here have one key, their first argument.
KEYS = {
    **dict.fromkeys(("DEL", "UNLINK", "EXISTS", "TOUCH", "MGET", "WATCH", "SUNION", "SINTER", "SDIFF"), (1, -1, 1)),
    **dict.fromkeys(("MSET", "MSETNX"), (1, -1, 2)),
    **dict.fromkeys(("RENAME", "RENAMENX", "COPY", "RPOPLPUSH", "LMOVE", "SMOVE"), (1, 2, 1)),
}
KEYLESS = {
    "PING", "ECHO", "AUTH", "HELLO", "SELECT", "CLIENT", "COMMAND", "CONFIG", "INFO", "DBSIZE", "FLUSHDB", "FLUSHALL",
    "MULTI", "EXEC", "DISCARD", "UNWATCH", "SCAN", "KEYS", "QUIT", "RESET", "EVAL", "EVALSHA", "SCRIPT", "FUNCTION",
    "FCALL", "TIME", "WAIT", "ROLE", "SLOWLOG", "MEMORY", "MONITOR", "SYNC", "PSYNC", "RANDOMKEY", "ACL", "READONLY",
}  # fmt: skip
SESSION = {"AUTH", "HELLO", "QUIT", "RESET", "MULTI", "EXEC", "DISCARD", "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE",
           "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "MONITOR", "CLIENT", "SELECT"}  # fmt: skip


def command(*words: bytes | str | int) -> bytes:
    """A request with these words."""
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


def answer_error(message: str) -> bytes:
    """A request that Redis answers with this error."""
    return command("EVAL", "return redis.error_reply(ARGV[1])", 0, message)


def answer_ok() -> bytes:
    return command("EVAL", "return redis.status_reply('OK')", 0)


def answer_number(number: int) -> bytes:
    return command("EVAL", "return tonumber(ARGV[1])", 0, number)


def answer_value(value: bytes | None) -> bytes:
    if value is None:
        return command("EVAL", "return false", 0)
    return command("EVAL", "return ARGV[1]", 0, value)


def answer_values(values: Sequence[bytes | None]) -> bytes:
    """A list of values; a missing one is marked by an argument of its own, since a list cannot hold nothing."""
    script = "local r={} for i=1,#ARGV,2 do r[#r+1]=ARGV[i]=='1' and ARGV[i+1] end return r"
    words: list[bytes] = []
    for value in values:
        words += [b"0", b""] if value is None else [b"1", value]
    return command("EVAL", script, 0, *words)


def answer_map(pairs: Sequence[bytes]) -> bytes:
    """A map to a client that speaks RESP3, the flat list of its pairs to another."""
    script = "redis.setresp(3) local m={} for i=1,#ARGV,2 do m[ARGV[i]]=ARGV[i+1] end return {map=m}"
    return command("EVAL", script, 0, *pairs)


def line_end(data: bytes, at: int) -> int:
    """Where the line that begins at `at` ends, or -1 if more is to come. Raises Unreadable if it is too long."""
    end = data.find(b"\r\n", at, at + INLINE)
    if end < 0 and len(data) - at >= INLINE:
        raise Unreadable
    return end


def count(data: bytes, at: int, end: int, kind: bytes, most: int) -> int:
    digits = data[at + 1 : end]
    if data[at : at + 1] != kind or not digits.isdigit() or len(digits) > 10 or int(digits) > most:
        raise Unreadable
    return int(digits)


class Walk:
    """Finds the end of a request, from where it stopped when there was less of it: each word is looked at once."""

    def __init__(self) -> None:
        self._at = 0  # bytes of the request that are known
        self._left = -1  # words to come; -1 is not known yet

    def on(self, data: bytes, start: int) -> int:
        """Where the request that begins at `start` ends. If more is to come: 0, or minus the least that its end can be.
        Raises Unreadable."""
        at = start + self._at
        if self._left < 0:
            if data[start : start + 1] != b"*":
                raise Unreadable  # inline commands are for people; and TLS begins with another byte as well
            end = line_end(data, start)
            if end < 0:
                return 0
            self._left = count(data, start, end, b"*", COMMANDS)
            at = end + 2
        while self._left:
            self._at = at - start
            end = line_end(data, at)
            if end < 0:
                if at < len(data) and data[at : at + 1] != b"$":
                    raise Unreadable
                return 0
            at = end + 2 + count(data, at, end, b"$", 512 * 1024 * 1024) + 2
            if len(data) < at:
                return -at
            self._left -= 1
        return at


def words_of(data: bytes) -> list[bytes]:
    """The words of a whole request."""
    words: list[bytes] = []
    at = data.index(b"\r\n") + 2
    while at < len(data):
        begin = data.index(b"\r\n", at) + 2
        end = begin + int(data[at + 1 : begin - 2])
        words.append(data[begin:end])
        at = end + 2
    return words


class Redis(Requests):
    """A toxic on the requests to a Redis. `keys` are patterns as in a shell; none means every key."""

    def __init__(self, toxic: Toxic, pipe: Direction, seed: str) -> None:
        super().__init__(toxic, pipe, seed)
        self.database = 0
        self._walk: Walk | None = None  # of the request of which the rest is to come
        self._matches: Callable[[str], Any] = matcher(toxic["keys"])

    def changed(self) -> None:
        self._matches = matcher(self.toxic["keys"])

    def measure(self, data: bytes, at: int) -> int:
        walk = self._walk or Walk()
        end = walk.on(data, at)
        self._walk = walk if end <= 0 else None
        return end

    def restart(self) -> None:
        self._walk = None

    def request(self, data: bytes) -> bytes:
        words = words_of(data)
        if not words:
            return data
        name = words[0].decode("latin-1").upper()
        if name == "SELECT" and len(words) == 2 and words[1].isdigit():
            self.database = int(words[1])
        elif name == "RESET":
            self.database = 0
        return self.answer(name, words, data)

    def answer(self, name: str, words: list[bytes], data: bytes) -> bytes:
        """What to send instead of the command; the command itself if it is not meant."""
        raise NotImplementedError

    def matches(self, key: bytes) -> bool:
        return bool(self._matches(key.decode("latin-1")))

    def about(self, name: str, words: list[bytes]) -> bool:
        """Whether the command is about keys of which all match."""
        keys = keys_of(name, words)
        if not keys:
            return not self.toxic["keys"]
        return all(map(self.matches, keys))


def keys_of(name: str, words: list[bytes]) -> list[bytes]:
    if name in KEYLESS or len(words) < 2:
        return []
    first, last, step = KEYS.get(name, (1, 1, 1))
    return words[first : len(words) if last < 0 else last + 1 : step]
