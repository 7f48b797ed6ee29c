"""A connection through a proxy: two ends, and the way of the bytes from each to the other."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .address import join
from .log import LOG
from .toxics import Admission, End, Stage, Toxic

if TYPE_CHECKING:
    from .proxy import Proxy

LINGER_RESET = struct.pack("ii", 1, 0)
BUFFER = 256 * 1024  # bytes that wait to be written before the sender is no longer read from


def discard(data: bytes) -> None:
    """Where bytes go whose receiver is gone."""


class Nowhere:
    """What follows the stages of a link that is closed."""

    def feed(self, data: bytes) -> None: ...

    def end(self, how: End) -> None: ...


NOWHERE = Nowhere()


class Pipe(asyncio.Protocol):
    """One end of a link, and the way of the bytes that arrive there, through the stages, to the other end."""

    def __init__(self, link: Link, upstream: bool) -> None:
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
        """The address of whoever is at this end; empty as long as there is nobody."""
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

    def silence(self) -> None:
        """The link is closing: nothing that comes or is held goes anywhere."""
        for stage in self.stages:
            stage.stop()
            stage.next = NOWHERE
        self._head = self._out = discard


class Link:
    """A client's connection and the one that was made for it."""

    def __init__(self, proxy: Proxy, number: int) -> None:
        self.proxy, self.number = proxy, number
        self.client, self.server = Pipe(self, upstream=True), Pipe(self, upstream=False)
        self.client.other, self.server.other = self.server, self.client
        self.opened = time.monotonic()
        self.closing = False
        self._dial: asyncio.Task[None] | None = None

    def pipe(self, upstream: bool) -> Pipe:
        return self.client if upstream else self.server

    def chance(self, toxic: Toxic) -> str:
        """The seed of everything that is left to chance about a toxic on this connection."""
        return f"{self.proxy.seed}/{self.proxy.name}/{self.number}/{toxic.name}"

    def applies(self, toxic: Toxic) -> bool:
        """One draw per connection and toxic, for good: a later change of the toxicity compares with the same one."""
        if toxic.toxicity >= 1:
            return True
        return toxic.toxicity > 0 and random.Random(self.chance(toxic)).random() < toxic.toxicity  # noqa: S311

    def accepted(self) -> None:
        self.proxy.links.add(self)
        admission = Admission()
        for toxic in self.proxy.toxics:
            if not toxic.kind.at_connect:
                self.attach(toxic)
            elif self.applies(toxic):
                admission.seed = self.chance(toxic) + "/admission"
                toxic.kind.admit(toxic, admission)
        if admission.refuse is not None:
            self.close(admission.refuse)
        if not self.closing:
            self._dial = self.proxy.loop.create_task(self._connect(admission.delay))

    def attach(self, toxic: Toxic) -> None:
        if self.closing or toxic.kind.at_connect or not self.applies(toxic):
            return
        pipe = self.pipe(toxic.upstream)
        order = [other for other in self.proxy.toxics if other.upstream == toxic.upstream]
        place = order.index(toxic)
        position = sum(1 for stage in pipe.stages if order.index(stage.toxic) < place)
        pipe.attach(toxic, toxic.kind(toxic, pipe, self.chance(toxic) + "/stage"), position)

    def detach(self, toxic: Toxic) -> None:
        pipe = self.pipe(toxic.upstream)
        for stage in [stage for stage in pipe.stages if stage.toxic is toxic]:
            pipe.detach(stage)

    def changed(self, toxic: Toxic) -> None:
        """The toxic's attributes or its toxicity changed."""
        pipe = self.pipe(toxic.upstream)
        applied = [stage for stage in pipe.stages if stage.toxic is toxic]
        if not self.applies(toxic):
            self.detach(toxic)
        elif not applied:
            self.attach(toxic)
        else:
            for stage in applied:
                stage.changed()

    async def _connect(self, delay: float) -> None:
        try:
            if delay > 0:
                await self.proxy.timers.sleep(delay)
            host, port = self.proxy.target()
            await self.proxy.loop.create_connection(lambda: self.server, host, port)
        except (OSError, ValueError, OverflowError) as error:
            LOG.write("warning", "no upstream", proxy=self.proxy.name, upstream=self.proxy.upstream, error=error)
            self.proxy.refused += 1
            self.abort()

    def connected(self) -> None:
        if self.closing:
            self.server.transport.abort()
            return
        self.client.open()
        if not self.closing:
            self.server.open()

    def finish(self) -> None:
        """Both sides have sent all they will: close, once what was written is delivered."""
        if self.client.delivered and self.server.delivered:
            self.close(End.CLOSE)

    def close(self, how: End) -> None:
        """Close both ends: after what was written is delivered, or with a reset."""
        if self.closing:
            return
        self._shut()
        for pipe in (self.client, self.server):
            if pipe.transport is None or pipe.lost:
                continue
            if how is End.RESET:
                self._reset(pipe)
            else:
                pipe.transport.close()

    def abort(self) -> None:
        """Close both ends at once, whatever is on its way."""
        self._shut()
        for pipe in (self.client, self.server):
            if pipe.transport is not None and not pipe.lost:
                pipe.transport.abort()

    def _shut(self) -> None:
        self.closing = True
        self.client.silence()
        self.server.silence()
        if self._dial is not None and self.server.transport is None:
            self._dial.cancel()

    def _reset(self, pipe: Pipe) -> None:
        opened = pipe.transport.get_extra_info("socket")
        with contextlib.suppress(OSError, AttributeError):  # it was closed at this moment
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        pipe.transport.abort()

    def lost(self, pipe: Pipe) -> None:
        """An end is gone. If it was not we who closed it, the other end learns of it as it would have directly."""
        if not self.closing:
            pipe.end_head(End.RESET)
        if self.client.lost and (self.server.lost or self.server.transport is None):
            self._shut()
            self.proxy.forget(self)
