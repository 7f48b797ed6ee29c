"""Raw TCP: bytes are sent, an answer is read up to its end, and must match."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Any

from harness.workload.exchange import (
    ANSWERED,
    CLOSED,
    KEPT_CLOSED,
    LARGEST,
    RESET,
    TOO_LARGE,
    UNEXPECTED,
    Exchange,
    outcome_of,
)
from harness.workload.spec import Spec
from harness.workload.tls import context


class TcpConnection(asyncio.Protocol):
    """A connection, with one request at a time; kept where an answer has an end of its own."""

    def __init__(self, tcp: Tcp, index: int) -> None:
        self.tcp, self.index = tcp, index
        self.transport: asyncio.Transport | None = None
        self.exchange: Exchange | None = None
        self.data = bytearray()
        self.reused = False
        self.until = 0.0  # when it is given up while it is idle, by the loop's clock

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready to send."""
        self.transport = transport  # type: ignore[assignment]

    def send(self, exchange: Exchange) -> None:
        """Send a request."""
        self.exchange, self.data = exchange, bytearray()
        exchange.give_up = self.abort
        if self.transport is None:
            self._end(CLOSED, keep=False)
            return
        self.transport.write(exchange.filled(exchange.request.send).encode())

    def data_received(self, data: bytes) -> None:
        """A part of an answer."""
        if self.exchange is None:
            self.abort()  # it was not asked for
            return
        self.data += data
        until = self.exchange.request.until.encode()
        if len(self.data) > LARGEST:
            self._end(TOO_LARGE, keep=False)
        elif until and until in self.data:
            self._end(self._judged(bytes(self.data)), keep=bytes(self.data).endswith(until))

    def connection_lost(self, exc: Exception | None) -> None:
        """The end of an answer that has no other."""
        self.tcp.forget(self)
        if self.exchange is not None:
            whole = exc is None and not self.exchange.request.until
            outcome = self._judged(bytes(self.data)) if whole else outcome_of(exc)
            stale = self.reused and not self.data and outcome in (RESET, CLOSED)
            self._end(KEPT_CLOSED if stale else outcome, keep=False)

    def abort(self) -> None:
        """Let go of it at once."""
        self.exchange = None
        self.tcp.forget(self)
        if self.transport is not None:
            self.transport.abort()

    def _judged(self, answer: bytes) -> int:
        wanted = self.exchange.request.answer if self.exchange is not None else ""
        good = not wanted or re.search(wanted.encode(), answer) is not None
        return ANSWERED if good else UNEXPECTED

    def _end(self, outcome: int, *, keep: bool) -> None:
        exchange, self.exchange = self.exchange, None
        if keep:
            self.reused = True
            self.until = self.tcp.now() + self.tcp.spec.keep_alive
            self.tcp.idle.setdefault(self.index, []).append(self)
        else:
            self.abort()
        if exchange is not None:
            exchange.end(outcome, b"", bytes(self.data))


class Tcp:
    """Sends bytes to one place. Connections are kept for each request of the mix by itself."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.idle: dict[int, list[TcpConnection]] = {}
        self._ssl = context(spec.tls)
        self._opening: set[asyncio.Task[Any]] = set()
        self.now = asyncio.get_running_loop().time

    def send(self, exchange: Exchange) -> None:
        """Over a connection that is idle, else over a new one."""
        idle, now = self.idle.setdefault(exchange.index, []), self.now()
        while idle and idle[0].until <= now:
            idle[0].abort()
        while idle and not exchange.fresh:
            line = idle.pop()
            if line.until <= now:
                line.abort()
            elif line.transport is not None and not line.transport.is_closing():
                line.send(exchange)
                return
        task = asyncio.ensure_future(self._open(exchange))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        exchange.give_up = task.cancel

    async def _open(self, exchange: Exchange) -> None:
        name = self.spec.tls.name if self.spec.tls else None
        try:
            _, line = await asyncio.get_running_loop().create_connection(
                lambda: TcpConnection(self, exchange.index),
                self.spec.host,
                self.spec.port,
                ssl=self._ssl,
                server_hostname=name,
            )
        except OSError as error:
            exchange.end(outcome_of(error))
            return
        if exchange.done:
            line.abort()
        else:
            line.send(exchange)

    def forget(self, line: TcpConnection) -> None:
        """Remove a connection that is closed."""
        with contextlib.suppress(ValueError):
            self.idle.get(line.index, []).remove(line)

    def close(self) -> None:
        """Let go of every connection that is idle."""
        for lines in list(self.idle.values()):
            for line in list(lines):
                line.abort()
