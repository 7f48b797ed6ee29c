"""As much HTTP/1.1 as the API needs: keep-alive, bodies with a length or in chunks, limits, no dependency."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qs, unquote

from . import gojson
from .bodies import Body, Malformed, body_of
from .log import LOG

HEAD_LIMIT = 64 * 1024
AHEAD = 256 * 1024  # bytes that are kept of what follows the request that is being answered
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


class Connection(asyncio.Protocol):
    """One client of the API. Requests are answered one after the other."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._transport: Any = None
        self._buffer = bytearray()
        self._head: Request | None = None  # of the request whose body is still to come
        self._body: Body | None = None
        self._full = False
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
        if self._task is None and not self._full:
            self._next()
        self._throttle()

    def _throttle(self) -> None:
        """Read on only while there is room for what comes, and for its answers."""
        if self._transport.is_closing():
            return
        if self._full or len(self._buffer) > AHEAD:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def pause_writing(self) -> None:
        """The client does not read its answers: no more of its requests are answered until it does."""
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        if self._task is None and not self._transport.is_closing():
            self._next()
        self._throttle()

    def eof_received(self) -> bool:
        self._ended = True
        return self._task is not None or self._full  # answers are still to come

    def _wait(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._transport.abort)

    def _next(self) -> None:
        """Answer the request that the buffer begins with, if it is whole."""
        try:
            request = self._take()
        except Malformed as error:
            self._buffer.clear()
            self._send(refusal(error.status, f"bad request: {error.reason}"), "", last=True)
            return
        if request is not None:
            if self._idle is not None:
                self._idle.cancel()
            self._task = asyncio.get_running_loop().create_task(self._answer(request))
        elif self._ended:
            self._transport.close()

    async def _answer(self, request: Request) -> None:
        try:
            answer = await self._handler(request)
        except Exception as error:
            LOG.write("error", "request failed", method=request.method, path=request.path, error=repr(error))
            answer = refusal(500, "internal error")
        last = request.headers.get("connection", "").lower() == "close"
        if request.headers.get(":version") == "HTTP/1.0":
            last = True
        self._send(answer, request.method, last)
        self._task = None
        if not last and not self._transport.is_closing():
            self._wait()
            if not self._full:
                self._next()
            self._throttle()

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
        if self._head is None or self._body is None:
            end = self._buffer.find(b"\r\n\r\n", 0, HEAD_LIMIT)
            if end < 0:
                if len(self._buffer) >= HEAD_LIMIT:
                    raise Malformed(431, f"its head is longer than {HEAD_LIMIT} bytes")
                return None
            self._head = _head(bytes(self._buffer[:end]).decode("latin-1"))
            self._body = body_of(self._head.headers)
            del self._buffer[: end + 4]
            if self._head.headers.get("expect", "").lower() == "100-continue" and not self._buffer:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not self._body.take(self._buffer):
            return None
        head, body, self._head, self._body = self._head, self._body, None, None
        return replace(head, body=bytes(body.data))


def refusal(status: int, reason: str) -> Answer:
    """An error as the original sends it: JSON, but called plain text."""
    body = gojson.encode({"error": reason, "status": status}) + b"\n"
    return Answer(status, body, "text/plain; charset=utf-8", (("X-Content-Type-Options", "nosniff"),))


def _head(text: str) -> Request:
    first, *rest = text.split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise Malformed(400, "the first line is not HTTP/1.1")
    headers = {":version": parts[2]}
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Malformed(400, "a header is malformed")
        headers[name.lower()] = value.strip()
    target = parts[1]
    if "://" in target:  # the absolute form, as to a proxy
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    path, _, query = target.partition("?")
    return Request(parts[0], unquote(path, errors="replace"), headers, parse_qs(query, errors="replace"))


def factory(handler: Handler) -> Callable[[], asyncio.Protocol]:
    return cast("Callable[[], asyncio.Protocol]", lambda: Connection(handler))
