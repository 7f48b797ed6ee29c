"""As much HTTP/1.1 as the API needs: keep-alive, bodies with a length or in chunks, limits, no dependency."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qs, unquote

from .log import LOG

HEAD_LIMIT, BODY_LIMIT = 64 * 1024, 16 * 1024 * 1024
IDLE_SECONDS = 60.0


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, list[str]] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


Handler = Callable[[Request], Awaitable[Answer]]


class Malformed(Exception):
    """Not a request that can be read; the connection ends with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class Connection(asyncio.Protocol):
    """One client of the API. Requests are answered one after the other."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._transport: Any = None
        self._buffer = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._ended = False
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the event loop names it
        if self._idle is not None:
            self._idle.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._task is None:
            self._next()
        elif len(self._buffer) > HEAD_LIMIT + BODY_LIMIT:
            self._transport.abort()

    def eof_received(self) -> bool:
        self._ended = True
        return self._task is not None  # the answer is still to come

    def _wait(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._transport.abort)

    def _next(self) -> None:
        """Answer the request that the buffer begins with, if it is whole."""
        try:
            request = self._take()
        except Malformed as error:
            self._send(Answer(error.status, f"{error.status}\n".encode(), "text/plain; charset=utf-8"), "", last=True)
            return
        if request is not None:
            if self._idle is not None:
                self._idle.cancel()
            self._task = asyncio.get_running_loop().create_task(self._answer(request))

    async def _answer(self, request: Request) -> None:
        try:
            answer = await self._handler(request)
        except Exception as error:
            LOG.write("error", "request failed", method=request.method, path=request.path, error=repr(error))
            answer = Answer(500, b'{"error":"internal error","status":500}\n')
        last = request.headers.get("connection", "").lower() == "close" or self._ended
        if request.headers.get(":version") == "HTTP/1.0":
            last = True
        self._send(answer, request.method, last)
        self._task = None
        if not last and not self._transport.is_closing():
            self._wait()
            self._next()

    def _send(self, answer: Answer, method: str, last: bool) -> None:
        if self._transport.is_closing():
            return
        try:
            phrase = HTTPStatus(answer.status).phrase
        except ValueError:
            phrase = "Status"
        lines = [f"HTTP/1.1 {answer.status} {phrase}"]
        if answer.status != 204:
            lines.append(f"Content-Length: {len(answer.body)}")
            if answer.body:
                lines.append(f"Content-Type: {answer.type}")
        lines += [f"{name}: {value}" for name, value in answer.headers]
        if last:
            lines.append("Connection: close")
        body = b"" if method == "HEAD" or answer.status == 204 else answer.body
        self._transport.write("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body)
        if last:
            self._transport.close()

    def _take(self) -> Request | None:
        """Take a whole request off the buffer; None if more is to come. Raises Malformed."""
        end = self._buffer.find(b"\r\n\r\n", 0, HEAD_LIMIT)
        if end < 0:
            if len(self._buffer) >= HEAD_LIMIT:
                raise Malformed(431)
            return None
        request = _head(bytes(self._buffer[:end]).decode("latin-1"))
        found = _body(self._buffer, end + 4, request.headers)
        if found is None:
            if request.headers.get("expect", "").lower() == "100-continue" and len(self._buffer) == end + 4:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        body, used = found
        del self._buffer[:used]
        return Request(request.method, request.path, request.headers, request.query, body)


def _head(text: str) -> Request:
    first, *rest = text.split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise Malformed(400)
    headers = {":version": parts[2]}
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Malformed(400)
        headers[name.lower()] = value.strip()
    target = parts[1]
    if "://" in target:  # the absolute form, as to a proxy
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    path, _, query = target.partition("?")
    return Request(parts[0], unquote(path, errors="replace"), headers, parse_qs(query, errors="replace"))


def _body(buffer: bytearray, start: int, headers: dict[str, str]) -> tuple[bytes, int] | None:
    """(body, bytes used of the buffer), or None if more is to come."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _chunks(buffer, start)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or len(length) > 12:
        raise Malformed(400)
    if int(length) > BODY_LIMIT:
        raise Malformed(413)
    end = start + int(length)
    return (bytes(buffer[start:end]), end) if len(buffer) >= end else None


def _chunks(buffer: bytearray, at: int) -> tuple[bytes, int] | None:
    body = bytearray()
    while True:
        line_end = buffer.find(b"\r\n", at)
        if line_end < 0:
            if len(buffer) - at > 1024:
                raise Malformed(400)
            return None
        try:
            size = int(bytes(buffer[at:line_end]).split(b";")[0], 16)
        except ValueError:
            raise Malformed(400) from None
        if size < 0 or len(body) + size > BODY_LIMIT:
            raise Malformed(413)
        at = line_end + 2
        if size == 0:
            return _trailer(buffer, at, bytes(body))
        if len(buffer) < at + size + 2:
            return None
        body += buffer[at : at + size]
        at += size + 2


def _trailer(buffer: bytearray, at: int, body: bytes) -> tuple[bytes, int] | None:
    while True:
        end = buffer.find(b"\r\n", at)
        if end < 0:
            if len(buffer) - at > HEAD_LIMIT:
                raise Malformed(431)
            return None
        if end == at:
            return body, end + 2
        at = end + 2


def factory(handler: Handler) -> Callable[[], asyncio.Protocol]:
    return cast("Callable[[], asyncio.Protocol]", lambda: Connection(handler))
