"""HTTP/1.1 over kept connections, with httptools' parser over asyncio's protocols."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Any

import httptools

from harness.workload import marks
from harness.workload.exchange import CLOSED, KEPT_CLOSED, LARGEST, NOT_HTTP, RESET, TOO_LARGE, Exchange, outcome_of
from harness.workload.spec import Spec
from harness.workload.tls import context

SPARE = 1.0  # s by which a kept connection is given up before its server does
_TIMEOUT = re.compile(rb"(?:^|[,\s])timeout=\"?(\d{1,6})", re.IGNORECASE)


class HttpConnection(asyncio.Protocol):
    """A connection, with one request at a time. httptools calls the methods that begin with `on_`."""

    def __init__(self, http: Http) -> None:
        self.http = http
        self.transport: asyncio.Transport | None = None
        self.exchange: Exchange | None = None
        self.reused = False
        self.until = 0.0  # when it is given up while it is idle, by the loop's clock
        self._keep = http.spec.keep_alive  # seconds that it may be idle
        self._begin()

    def _begin(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.answered, self.headed, self.framed = False, False, False
        self.server, self.marked, self.size, self.body = b"", b"", 0, bytearray()

    # -- asyncio's ---------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready to send."""
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """A part of an answer."""
        if self.exchange is None:
            self.abort()  # it was not asked for
            return
        self.answered = True
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._broken(NOT_HTTP)
        except httptools.HttpParserError:
            self._broken(NOT_HTTP)

    def eof_received(self) -> None:
        """The other side says no more: an answer without a length ends with that."""
        if self.exchange is not None and self.headed and not self.framed:
            self._finish(keep=False)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; so is what was under way on it."""
        self.http.forget(self)
        if self.exchange is not None:
            self._broken(outcome_of(exc) if exc is not None else CLOSED)

    # -- the parser's ------------------------------------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        low = name.lower()
        if low == self.http.served_by:
            self.server = value[:100]
        if low == b"keep-alive" and (match := _TIMEOUT.search(value)) is not None:
            declared = float(match[1])
            self._keep = min(self.http.spec.keep_alive, max(declared - SPARE, declared / 2))
        if low == self.http.release:
            self.marked = value[:100]
        self.framed = self.framed or low in (b"content-length", b"transfer-encoding")

    def on_headers_complete(self) -> None:
        """Status and headers are there; an answer to HEAD has nothing more."""
        self.headed = self.parser.get_status_code() >= 200
        if self.headed and self.exchange is not None and self.exchange.request.method == "HEAD":
            self._finish(keep=False)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self.size += len(body)
        if self.size > LARGEST:
            self._broken(TOO_LARGE)
        elif self.exchange is not None and (self.exchange.whole or self.size <= self.http.kept):
            self.body += body

    def on_message_complete(self) -> None:
        """The answer is whole, unless it only announces another (1xx)."""
        if self.parser.get_status_code() >= 200 and self.exchange is not None:
            self._finish(keep=self.parser.should_keep_alive())

    # ------------------------------------------------------------------------------------------------------------------

    def send(self, exchange: Exchange) -> None:
        """Send a request."""
        self.exchange = exchange
        exchange.give_up = self.abort
        if self.transport is None:
            self._broken(CLOSED)
            return
        self.transport.write(self.http.bytes_of(exchange))

    def abort(self) -> None:
        """Let go of it at once."""
        self.exchange = None
        self.http.forget(self)
        if self.transport is not None:
            self.transport.abort()

    def _finish(self, *, keep: bool) -> None:
        exchange, self.exchange = self.exchange, None
        status, server, body = self.parser.get_status_code(), self.server, bytes(self.body)
        marked = self.marked
        if keep and self.transport is not None and not self.transport.is_closing():
            self.reused = True
            self.until = self.http.now() + self._keep
            self._begin()
            self.http.idle.append(self)
        else:
            self.abort()
        if exchange is not None:
            exchange.end(status, server, body, marked)

    def _broken(self, outcome: int) -> None:
        exchange, self.exchange = self.exchange, None
        stale = self.reused and not self.answered and outcome in (RESET, CLOSED)
        self.abort()
        if exchange is not None:
            exchange.end(KEPT_CLOSED if stale else outcome)


class Http:
    """Sends HTTP requests to one place."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.idle: list[HttpConnection] = []
        self.served_by = spec.served_by.lower().encode()
        self.release = marks.header_of(spec.release)
        self.kept = LARGEST if spec.release.startswith(marks.JSON) else marks.LARGEST if spec.forms else 0
        self._ssl = context(spec.tls)
        self._opening: set[asyncio.Task[Any]] = set()
        self._heads: dict[int, tuple[str, bool]] = {}
        self.now = asyncio.get_running_loop().time

    def send(self, exchange: Exchange) -> None:
        """Over a connection that is idle, else over a new one."""
        now = self.now()
        while self.idle and self.idle[0].until <= now:  # the longest idle: given up before the server does
            self.idle[0].abort()
        while self.idle and not exchange.fresh:
            connection = self.idle.pop()
            if connection.until <= now:
                connection.abort()
            elif connection.transport is not None and not connection.transport.is_closing():
                connection.send(exchange)
                return
        task = asyncio.ensure_future(self._open(exchange))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        exchange.give_up = task.cancel

    async def _open(self, exchange: Exchange) -> None:
        name = self.spec.tls.name if self.spec.tls else None
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: HttpConnection(self), self.spec.host, self.spec.port, ssl=self._ssl, server_hostname=name
            )
        except (OSError, asyncio.CancelledError) as error:
            if not isinstance(error, asyncio.CancelledError):
                exchange.end(outcome_of(error))
            return
        if exchange.done:
            connection.abort()
        else:
            connection.send(exchange)

    def forget(self, connection: HttpConnection) -> None:
        """Remove a connection that is closed."""
        with contextlib.suppress(ValueError):
            self.idle.remove(connection)

    def bytes_of(self, exchange: Exchange) -> bytes:
        """The request as it is sent."""
        request = exchange.request
        known = self._heads.get(exchange.index)
        if known is None:
            known = self._heads[exchange.index] = self._head(request.headers, request.method, request.path)
        head, varies = known
        body = exchange.filled(request.body).encode() if request.body is not None else b""
        if body or request.method in ("POST", "PUT", "PATCH"):
            head = f"{head}Content-Length: {len(body)}\r\n"
        return (exchange.filled(head) if varies else head).encode("latin-1") + b"\r\n" + body

    def _head(self, headers: Any, method: str, path: str) -> tuple[str, bool]:
        lines = [f"{method} {path} HTTP/1.1"]
        if "host" not in {name.lower() for name in headers}:
            lines.append(f"Host: {self.spec.host}:{self.spec.port}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "".join(f"{line}\r\n" for line in lines)
        return head, "{" in head

    def close(self) -> None:
        """Let go of every connection that is idle."""
        for connection in list(self.idle):
            connection.abort()
