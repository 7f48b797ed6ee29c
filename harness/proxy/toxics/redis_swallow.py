"""A Redis that loses writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ._redis import Redis, answer_number, answer_ok, answer_value

OK = {"SET", "SETEX", "PSETEX", "MSET", "HMSET", "LTRIM", "LSET", "RENAME", "FLUSHDB", "FLUSHALL"}
ONE = {"SETNX", "MSETNX", "EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT", "PERSIST", "PUBLISH", "SPUBLISH", "HSETNX",
       "RENAMENX", "MOVE", "SMOVE", "COPY"}  # fmt: skip
EACH = {"DEL": 1, "UNLINK": 1, "TOUCH": 1, "HDEL": 2, "SADD": 2, "SREM": 2, "ZREM": 2, "LPUSH": 2, "RPUSH": 2,
        "LPUSHX": 2, "RPUSHX": 2}  # fmt: skip
KNOWN = {*OK, *ONE, *EACH, "HSET", "GETSET"}


class RedisSwallow(Redis):
    """Writes and invalidations of matching keys (and messages to matching channels) are acknowledged as if they had
    been carried out, and are not. `commands`: only these (none: every write whose acknowledgement can be told without
    asking). `fraction` of them."""

    type = "redis_swallow"
    attributes: ClassVar[Mapping[str, str]] = {"commands": "strings", "keys": "strings", "fraction": "float32"}

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        return {**super().defaults(), "fraction": 1}

    @classmethod
    def check(cls, attributes: Mapping[str, Any]) -> None:
        unknown = sorted({command.upper() for command in attributes["commands"]} - KNOWN)
        if unknown:
            known = ", ".join(sorted(KNOWN))
            raise ValueError(f"redis_swallow cannot acknowledge {', '.join(unknown)}; it knows {known}")

    def answer(self, name: str, words: list[bytes], data: bytes) -> bytes:
        wanted = {command.upper() for command in self.toxic["commands"]} or KNOWN
        if name not in wanted or not self.about(name, words) or not self.by_chance():
            return data
        if name == "GETSET" or (name == "SET" and b"GET" in {word.upper() for word in words[3:]}):
            return answer_value(None)
        if name in OK:
            return answer_ok()
        if name == "HSET":
            return answer_number(max(0, (len(words) - 2) // 2))
        return answer_number(1 if name in ONE else max(0, len(words) - EACH[name]))
