"""A PostgreSQL in which some statements fail."""

from __future__ import annotations

import enum
import re
import struct
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ._requests import Requests, Unreadable, matcher
from .base import Direction, Toxic

SSL, GSS, CANCEL, STARTUP = 80877103, 80877104, 80877102, 3
KNOWN = b"BCDEFHPQSXcdfp"  # the messages that a client sends after it has begun
LONGEST_STARTUP = 10_000


class Batch(enum.Enum):
    """The messages up to the client's next Sync."""

    PASSES = "passes"
    HELD = "held"  # one of its statements fails, and the client cannot expect an answer before it asks for it
    FAILED = "failed"  # the server has raised the error, and skips what follows by itself


class PostgresError(Requests):
    """Statements that are like one of `statements` (patterns as in a shell, white space and case do not matter) fail
    with `sqlstate`: plain ones and prepared ones. The server itself is made to raise the error, in the place of the
    statement; so a transaction is aborted as by any other error. `fraction` of them."""

    type = "postgres_error"
    attributes: ClassVar[Mapping[str, str]] = {
        "statements": "strings", "sqlstate": "string", "message": "string", "fraction": "float32",
    }  # fmt: skip

    def __init__(self, toxic: Toxic, pipe: Direction, seed: str) -> None:
        super().__init__(toxic, pipe, seed)
        self._begun = pipe.received > 0
        self._prepared: dict[bytes, str] = {}
        self._spared: set[bytes] = set()
        self._batch = Batch.PASSES
        self._matches: Callable[[str], Any] = matcher(toxic["statements"], re.IGNORECASE)

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        return {**super().defaults(), "sqlstate": "XX000", "message": "injected fault", "fraction": 1}

    @classmethod
    def check(cls, attributes: Mapping[str, Any]) -> None:
        state = attributes["sqlstate"]
        if not re.fullmatch("[0-9A-Z]{5}", state) or state.startswith(("00", "01", "02")):
            raise ValueError(f"sqlstate must be that of an error, five digits or capital letters, not {state!r}")
        if not attributes["message"].isprintable():
            raise ValueError("message must be one line of text")

    def changed(self) -> None:
        self._matches = matcher(self.toxic["statements"], re.IGNORECASE)

    def release(self) -> None:
        if self._batch is Batch.HELD:
            self._batch = Batch.FAILED
            self.next.feed(self._failure_within())
        super().release()

    def measure(self, data: bytes, at: int) -> int:
        if not self._begun:
            length = self._measure_startup(data[at : at + LONGEST_STARTUP])
            return at + length if length else 0
        if data[at] not in KNOWN:
            raise Unreadable  # TLS, for one
        if len(data) < at + 5:
            return 0
        end = at + 1 + int.from_bytes(data[at + 1 : at + 5], "big")
        if not 5 <= end - at <= 1 << 30:
            raise Unreadable
        return end if len(data) >= end else -end

    def _measure_startup(self, data: bytes) -> int:
        """The first message has no type; those that ask for encryption are followed by another first message."""
        if data[:1] == b"\x16":
            raise Unreadable  # TLS at once
        if len(data) < 8:
            return 0
        length, code = struct.unpack("!II", data[:8])
        if not 8 <= length <= LONGEST_STARTUP or (code not in (SSL, GSS, CANCEL) and code >> 16 != STARTUP):
            raise Unreadable
        return length if len(data) >= length else 0

    def request(self, data: bytes) -> bytes:
        if not self._begun:
            self._begun = int.from_bytes(data[4:8], "big") >> 16 == STARTUP
            return data
        kind, body = data[:1], data[5:]
        if kind == b"S":
            self._spared.clear()
        if self._batch is not Batch.PASSES:
            return self._rest(kind, data)
        if not self._meant(kind, body):
            return data
        if kind == b"Q":
            return self._failure()
        self._batch = Batch.HELD
        return b""

    def _rest(self, kind: bytes, data: bytes) -> bytes:
        """What becomes of a batch whose statement fails, up to its end."""
        held = self._batch is Batch.HELD
        if kind == b"S":
            self._batch = Batch.PASSES
            return self._failure() if held else data
        if held and kind == b"H":
            self._batch = Batch.FAILED
            return self._failure_within() + data
        return b"" if held else data

    def _meant(self, kind: bytes, body: bytes) -> bool:
        """Whether the message is about to carry out a statement that is to fail. One that was spared when it was
        prepared is spared as well when it is carried out in the same batch: it is one statement, and one draw."""
        statement = self._statement(kind, body)
        if statement is None or not self._matches(" ".join(statement.split())):
            return False
        name = body.split(b"\0", 2)[1 if kind == b"B" else 0] if kind != b"Q" else b""
        if kind == b"B" and name in self._spared:
            return False
        if self.by_chance():
            return True
        if kind == b"P":
            self._spared.add(name)
        return False

    def _statement(self, kind: bytes, body: bytes) -> str | None:
        """The text of the statement that a message is about to carry out."""
        parts = body.split(b"\0", 2)
        if kind == b"Q":
            return parts[0].decode("utf-8", "replace")
        if len(parts) < 2:
            return None
        if kind == b"P":
            text = parts[1].decode("utf-8", "replace")
            self._prepared[parts[0]] = text
            return text
        if kind == b"B":
            return self._prepared.get(parts[1])
        if kind == b"C" and body[:1] == b"S":
            self._prepared.pop(parts[0][1:], None)
        return None

    def _failure(self) -> bytes:
        """A plain statement that fails as asked. The server answers it, as the end of a batch, with the error and that
        it is ready: not a message too many, whatever the client's batch was about to do."""
        return message(b"Q", self._code() + b"\0")

    def _failure_within(self) -> bytes:
        """The same as a part of a batch, whose end is to come: that the server is ready it may only say then. A client
        that is told so earlier waits for it in vain later."""
        parse, bind = b"\0" + self._code() + b"\0\0\0", bytes(8)
        return message(b"P", parse) + message(b"B", bind) + message(b"E", bytes(5))

    def _code(self) -> bytes:
        """The message travels as an escaped string: no quoting can go wrong."""
        text = "".join(f"\\{ord(letter):04X}" if ord(letter) < 65536 else "?" for letter in self.toxic["message"])
        state = self.toxic["sqlstate"]
        code = f"DO U&'BEGIN RAISE EXCEPTION USING ERRCODE = ''{state}'', MESSAGE = ''{text_of(text)}''; END'"
        return code.encode()


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def text_of(escaped: str) -> str:
    """A quote within the string within the string needs doubling twice; as an escape, once."""
    return escaped.replace("\\0027", "\\0027\\0027")
