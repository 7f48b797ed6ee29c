"""Requests over HTTP/1, of which some are meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ._requests import Requests, Unreadable, matcher
from .base import Direction, Toxic

METHODS = {b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"}  # CONNECT ends what we can read
HEAD = 64 * 1024
ORIGIN = re.compile(rb"^https?://[^/]*")  # as a client of a forward proxy writes it before the path
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]*\r\n")


class HttpRequests(Requests):
    """A toxic on a `fraction` of the requests whose path is like one of `paths` and whose method is one of `methods`.

    From an `Upgrade` or an `Expect` on, a connection is not read, for what comes next depends on the answer.
    """

    attributes: ClassVar[Mapping[str, str]] = {"paths": "strings", "methods": "strings", "fraction": "float32"}

    def __init__(self, toxic: Toxic, pipe: Direction, seed: str) -> None:
        super().__init__(toxic, pipe, seed)
        self._chunk = 0  # where in the request the chunk begins of which the rest is to come
        self._matches: Callable[[str], Any] = matcher(toxic["paths"])

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        return {**super().defaults(), "fraction": 1}

    def meant(self, data: bytes) -> bool:
        """Whether a whole request is one of those that the toxic is about."""
        method, target, _ = data.split(b"\r\n", 1)[0].split(b" ")
        wanted = {method.upper() for method in self.toxic["methods"]}
        path = ORIGIN.sub(b"", target.split(b"?")[0]).decode("latin-1") or "/"
        return (not wanted or method.decode() in wanted) and bool(self._matches(path)) and self.by_chance()

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
        headers = self.headers(data[at:end])
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

    def headers(self, head: bytes) -> dict[bytes, bytes]:
        """The headers of a request's head, by name in small letters. Raises Unreadable."""
        first, *lines = head.split(b"\r\n")
        parts = first.split(b" ")
        if len(parts) != 3 or parts[0] not in METHODS or not parts[2].startswith(b"HTTP/1."):
            raise Unreadable
        pairs = (line.partition(b":") for line in lines)
        return {name.strip().lower(): value.strip() for name, _, value in pairs}


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
