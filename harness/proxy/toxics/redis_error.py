"""A Redis that refuses some commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ._redis import SESSION, Redis, answer_error


class RedisError(Redis):
    """Commands of the given names (none: all but those that manage the connection) about matching keys are answered
    with the error `message`, and not carried out. `fraction` of them, each by its own draw."""

    type = "redis_error"
    attributes: ClassVar[Mapping[str, str]] = {
        "commands": "strings", "keys": "strings", "message": "string", "fraction": "float32",
    }  # fmt: skip

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        return {**super().defaults(), "message": "ERR injected fault", "fraction": 1}

    @classmethod
    def check(cls, attributes: Mapping[str, Any]) -> None:
        if not attributes["message"] or not attributes["message"].isprintable():
            raise ValueError("message must be one line of text")

    def answer(self, name: str, words: list[bytes], data: bytes) -> bytes:
        wanted = {command.upper() for command in self.toxic["commands"]}
        named = name in wanted if wanted else name not in SESSION
        if named and self.about(name, words) and self.by_chance():
            return answer_error(self.toxic["message"])
        return data
