"""A web service that answers with a status of its own choice."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from ._requests import Requests, Unreadable, matcher
from .base import Direction, End, Toxic

METHODS = {b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"}  # CONNECT ends what we can read
HEAD = 64 * 1024
ORIGIN = re.compile(rb"^https?://[^/]*")  # as a client of a forward proxy writes it before the path
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]*\r\n")


class HttpStatus(Requests):
    """A `fraction` of the requests whose path is like one of `paths` and whose method is one of `methods` is answered
    with `status`, and does not reach the service. The connection stays open.

    A request that follows another one which the service has not begun to answer is let through, for its answer would
    come too early. From an `Upgrade` or an `Expect` on, a connection is not read, for what comes next depends on the
    answer.
    """

    type = "http_status"
    attributes: ClassVar[Mapping[str, str]] = {
        "status": "int64", "paths": "strings", "methods": "strings", "body": "string", "fraction": "float32",
    }  # fmt: skip

    def __init__(self, toxic: Toxic, pipe: Direction, seed: str) -> None:
        super().__init__(toxic, pipe, seed)
        self._chunk = 0  # where in the request the chunk begins of which the rest is to come
        self._answered = -1  # what the service had sent when the last request was passed on to it
        self._matches: Callable[[str], Any] = matcher(toxic["paths"])

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        return {**super().defaults(), "status": 503, "fraction": 1}

    @classmethod
    def check(cls, attributes: Mapping[str, Any]) -> None:
        if not 200 <= attributes["status"] <= 599:
            raise ValueError(f"status must be from 200 to 599, not {attributes['status']}")

    def changed(self) -> None:
        self._matches = matcher(self.toxic["paths"])

    def restart(self) -> None:
        self._chunk = 0

    def measure(self, data: bytes, at: int) -> int:
        if self._chunk:
            return self._measure_chunks(data, at, at + self._chunk)
        end = data.find(b"\r\n\r\n", at, at + HEAD)
        if end < 0:
            if len(data) - at >= HEAD or not self._begins(data[at : at + 8]):
                raise Unreadable
            return 0
        headers = self._headers(data[at:end])
        if b"upgrade" in headers or b"expect" in headers:
            raise Unreadable  # what comes next depends on the answer
        if (encoding := headers.get(b"transfer-encoding")) is not None:
            if encoding.lower() != b"chunked":
                raise Unreadable  # where the body ends, only who can decode it knows
            return self._measure_chunks(data, at, end + 4)
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 15:
            raise Unreadable
        total = end + 4 + int(length)
        return total if len(data) >= total else -total

    def _measure_chunks(self, data: bytes, start: int, at: int) -> int:
        end, reached = measure_chunks(data, at)
        self._chunk = reached - start if end <= 0 else 0
        return end

    @staticmethod
    def _begins(data: bytes) -> bool:
        method = data.split(b" ")[0]
        return any(known.startswith(method) for known in METHODS)

    def _headers(self, head: bytes) -> dict[bytes, bytes]:
        first, *lines = head.split(b"\r\n")
        parts = first.split(b" ")
        if len(parts) != 3 or parts[0] not in METHODS or not parts[2].startswith(b"HTTP/1."):
            raise Unreadable
        pairs = (line.partition(b":") for line in lines)
        return {name.strip().lower(): value.strip() for name, _, value in pairs}

    def request(self, data: bytes) -> bytes:
        method, target, _ = data.split(b"\r\n", 1)[0].split(b" ")
        name = method.decode()
        wanted = {method.upper() for method in self.toxic["methods"]}
        path = ORIGIN.sub(b"", target.split(b"?")[0]).decode("latin-1") or "/"
        sent = self.pipe.other.received
        free = sent > self._answered
        if free and (not wanted or name in wanted) and self._matches(path) and self.by_chance():
            last = self._is_last(data)
            self.pipe.other.inject(self._answer(name, last))
            if last:
                self.pipe.other.end_head(End.CLOSE)
            return b""
        self._answered = sent
        return data

    def _is_last(self, data: bytes) -> bool:
        """Whether the client expects that the connection is closed after the answer."""
        head = data[: data.index(b"\r\n\r\n")]
        said = self._headers(head).get(b"connection", b"").lower()
        return said == b"close" or (head.split(b"\r\n")[0].endswith(b"HTTP/1.0") and said != b"keep-alive")

    def _answer(self, method: str, last: bool) -> bytes:
        status = self.toxic["status"]
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = "Status"
        body = self.toxic["body"].encode()
        head = f"HTTP/1.1 {status} {phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        if status not in (204, 304):
            head += f"Content-Length: {len(body)}\r\n"
        elif body:
            body = b""
        if last:
            head += "Connection: close\r\n"
        return f"{head}\r\n".encode() + (b"" if method == "HEAD" else body)


def measure_chunks(data: bytes, at: int) -> tuple[int, int]:
    """Where a body in chunks ends; if more is to come: 0, or minus the least that it can be. And where the last chunk
    begins. Raises Unreadable."""
    while True:
        found = CHUNK.match(data, at)
        if found is None:
            if b"\r\n" in data[at : at + 1024] or len(data) - at > 1024:
                raise Unreadable
            return 0, at
        size = int(found[1], 16)
        after = found.end() + size + 2
        if size == 0:
            end = data.find(b"\r\n\r\n", found.end() - 2)
            return (end + 4 if end >= 0 else 0), at
        if len(data) < after:
            return -after, at
        at = after
