"""A web service that answers with a status of its own choice."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from ._http import HttpRequests
from .base import Direction, End, Toxic


class HttpStatus(HttpRequests):
    """A `fraction` of the requests whose path is like one of `paths` and whose method is one of `methods` is answered
    with `status`, and does not reach the service. The connection stays open.

    A request that follows another one which the service has not begun to answer is let through, for its answer would
    come too early.
    """

    type = "http_status"
    attributes: ClassVar[Mapping[str, str]] = {
        "status": "int64", "paths": "strings", "methods": "strings", "body": "string", "fraction": "float32",
    }  # fmt: skip

    def __init__(self, toxic: Toxic, pipe: Direction, seed: str) -> None:
        super().__init__(toxic, pipe, seed)
        self._answered = -1  # what the service had sent when the last request was passed on to it

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        return {**super().defaults(), "status": 503}

    @classmethod
    def check(cls, attributes: Mapping[str, Any]) -> None:
        if not 200 <= attributes["status"] <= 599:
            raise ValueError(f"status must be from 200 to 599, not {attributes['status']}")

    def request(self, data: bytes) -> bytes:
        sent = self.pipe.other.received
        if sent > self._answered and self.meant(data):
            name, last = data.split(b" ", 1)[0].decode(), self._is_last(data)
            self.pipe.other.inject(self._answer(name, last))
            if last:
                self.pipe.other.end_head(End.CLOSE)
            return b""
        self._answered = sent
        return data

    def _is_last(self, data: bytes) -> bool:
        """Whether the client expects that the connection is closed after the answer."""
        head = data[: data.index(b"\r\n\r\n")]
        said = self.headers(head).get(b"connection", b"").lower()
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
