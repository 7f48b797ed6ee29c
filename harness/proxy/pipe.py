"""One end of a connection, and the way of its bytes to the other end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Protocol

from .address import join
from .toxics import End, Stage, Toxic
from .toxics.base import Connection

BUFFER = 256 * 1024  # bytes that wait to be written before the sender is no longer read from


def discard(data: bytes) -> None:
    """Where bytes go whose receiver is gone."""


class PipeOwner(Connection, Protocol):
    """The connection, as its two ends tell it what happened to them."""

    closing: bool

    def accepted(self) -> None: ...

    def connected(self) -> None: ...

    def finish(self) -> None: ...

    def lost(self, pipe: Pipe) -> None: ...


class Nowhere:
    """What follows the stages of a link that is closed."""

    def feed(self, data: bytes) -> None: ...

    def end(self, how: End) -> None: ...


NOWHERE = Nowhere()


class Pipe(asyncio.Protocol):
    """One end of a link, and the way of the bytes that arrive there, through the stages, to the other end."""

    def __init__(self, link: PipeOwner, upstream: bool) -> None:
        self.link, self.upstream = link, upstream
        self.other: Pipe = self
        self.transport: Any = None
        self.stages: list[Stage] = []
        self.received = self.sent = 0
        self.ended = False  # this end has said that it sends no more
        self.delivered = False  # and the other end knows
        self.lost = False
        self._full = self._paused = False
        self._early: list[bytes] = []
        self._out: Callable[[bytes], object] = self._keep
        self._head: Callable[[bytes], None] = self.feed

    # The event loop calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.set_write_buffer_limits(high=BUFFER)
        if self.upstream:
            self.link.accepted()
        else:
            self.link.connected()

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        self._head(data)

    def eof_received(self) -> bool:
        self.ended = True
        self.end_head(End.EOF)
        return True  # half-closed: this end can still be written to

    def pause_writing(self) -> None:
        self.other._full = True
        self.other.throttle()

    def resume_writing(self) -> None:
        self.other._full = False
        self.other.throttle()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the event loop names it
        self.lost = True
        self.other._out = discard
        self.link.lost(self)

    # The stages call these: a pipe is its own last sink.

    def feed(self, data: bytes) -> None:
        self.sent += len(data)
        self._out(data)

    def _keep(self, data: bytes) -> None:
        self._early.append(data)
        self.throttle()

    def end(self, how: End) -> None:
        if how is not End.EOF:
            self.link.close(how)
        elif not self.delivered:
            self.delivered = True
            if self.other.transport is not None:
                self._write_eof()
            self.link.finish()

    def end_head(self, how: End) -> None:
        (self.stages[0] if self.stages else self).end(how)

    def throttle(self) -> None:
        """Read from this end only while there is room for what it sends."""
        full = self._full or any(stage.held > stage.window for stage in self.stages)
        if self._early and sum(map(len, self._early)) > BUFFER:
            full = True
        if full == self._paused or self.transport is None or self.ended or self.lost or self.transport.is_closing():
            return
        self._paused = full
        if full:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    @property
    def held(self) -> int:
        """Bytes that arrived from this end and wait to be passed on."""
        return sum(stage.held + stage.waiting for stage in self.stages) + sum(map(len, self._early))

    # The link calls these.

    def open(self) -> None:
        """The other end is there: pass on what came before it was."""
        self._out = self.other.transport.write
        early, self._early = self._early, []
        for data in early:
            self._out(data)
        if self.delivered:
            self._write_eof()
        self.throttle()

    def peername(self) -> str:
        """The address of whoever is at this end; empty as long as there is no connection."""
        name = self.transport.get_extra_info("peername") if self.transport is not None else None
        return join(name[0], name[1]) if name else ""

    def _write_eof(self) -> None:
        if not self.other.lost and not self.other.transport.is_closing():
            with contextlib.suppress(OSError, RuntimeError):  # the end went away at this moment
                self.other.transport.write_eof()

    def inject(self, data: bytes) -> None:
        """Send bytes as if this end had."""
        self._head(data)

    def attach(self, toxic: Toxic, stage: Stage, position: int) -> None:
        self.stages.insert(position, stage)
        toxic.connections += 1
        self._relink()
        stage.start()

    def detach(self, stage: Stage) -> None:
        """Take a stage out. It first passes on what it holds, so that nothing is overtaken."""
        stage.release()
        stage.stop()
        if stage in self.stages:
            self.stages.remove(stage)
            self._relink()
            self.throttle()

    def _relink(self) -> None:
        if self.link.closing:
            return
        following: Stage | Pipe = self
        for stage in reversed(self.stages):
            stage.next = following
            following = stage
        self._head = following.feed

    def dispose(self) -> None:
        """Let go of everything, so that the memory is free at once and not when cycles are looked for."""
        self.other = self
        self.transport = None
        self.stages = []

    def silence(self) -> None:
        """The link is closing: nothing that comes or is held goes anywhere."""
        for stage in self.stages:
            stage.stop()
            stage.next = NOWHERE
        self._head = self._out = discard
