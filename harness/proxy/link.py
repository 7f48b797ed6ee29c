"""A connection through a proxy: the two ends, the toxics that apply to it, and how it begins and ends."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import time
from typing import TYPE_CHECKING

from .log import LOG
from .pipe import Pipe
from .timers import Timers
from .toxics import Admission, End, Toxic

if TYPE_CHECKING:
    from .proxy import Proxy

LINGER_RESET = struct.pack("ii", 1, 0)


class Link:
    """A client's connection and the one that was made for it."""

    def __init__(self, proxy: Proxy, number: int) -> None:
        self.proxy, self.number = proxy, number
        self.client, self.server = Pipe(self, upstream=True), Pipe(self, upstream=False)
        self.client.other, self.server.other = self.server, self.client
        self.opened = time.monotonic()
        self.closing = False
        self._dial: asyncio.Task[None] | None = None
        self._waits: dict[Toxic, float] = {}  # for how many seconds each toxic puts the dialling off
        self._changed: asyncio.Event | None = None  # set when that changes

    @property
    def timers(self) -> Timers:
        return self.proxy.timers

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
        refused: set[End] = set()
        for toxic in self.proxy.toxics:
            if not toxic.kind.at_connect:
                self.attach(toxic)
            elif self.applies(toxic):
                admission = self._admit(toxic)
                if admission.refuse is not None or admission.delay:
                    toxic.connections += 1
                if admission.refuse is not None:
                    refused.add(admission.refuse)
        if refused:
            self.close(End.RESET if End.RESET in refused else End.CLOSE)
        if not self.closing:
            self._dial = self.proxy.loop.create_task(self._connect())

    def _admit(self, toxic: Toxic) -> Admission:
        admission = Admission(self.chance(toxic) + "/admission")
        toxic.kind.admit(toxic, admission)
        if admission.delay:
            self._waits[toxic] = admission.delay
        return admission

    def toxics(self) -> list[Toxic]:
        """Those that apply to the connection now."""
        waits = [] if self.server.transport is not None else list(self._waits)
        return waits + [stage.toxic for pipe in (self.client, self.server) for stage in pipe.stages]

    def attach(self, toxic: Toxic) -> None:
        if self.closing or toxic.kind.at_connect or not self.applies(toxic):
            return
        pipe = self.pipe(toxic.upstream)
        order = [other for other in self.proxy.toxics if other.upstream == toxic.upstream]
        place = order.index(toxic)
        position = sum(1 for stage in pipe.stages if order.index(stage.toxic) < place)
        pipe.attach(toxic, toxic.kind(toxic, pipe, self.chance(toxic) + "/stage"), position)

    def detach(self, toxic: Toxic) -> None:
        if self._waits.pop(toxic, None) is not None and self._changed is not None:
            self._changed.set()
        pipe = self.pipe(toxic.upstream)
        for stage in [stage for stage in pipe.stages if stage.toxic is toxic]:
            pipe.detach(stage)

    def changed(self, toxic: Toxic) -> None:
        """The toxic's attributes or its toxicity changed."""
        if toxic.kind.at_connect:
            self._changed_wait(toxic)
            return
        pipe = self.pipe(toxic.upstream)
        applied = [stage for stage in pipe.stages if stage.toxic is toxic]
        if not self.applies(toxic):
            self.detach(toxic)
        elif not applied:
            self.attach(toxic)
        else:
            for stage in applied:
                stage.changed()

    def _changed_wait(self, toxic: Toxic) -> None:
        """A connection that waits goes on by the new settings; whom a toxic did not put off, it does not now."""
        if self._waits.pop(toxic, None) is not None:
            if self.applies(toxic):
                self._admit(toxic)
            if self._changed is not None:
                self._changed.set()

    async def _wait(self) -> None:
        """Until the dialling is no longer put off."""
        self._changed = asyncio.Event()
        while (left := self.opened + sum(self._waits.values()) - time.monotonic()) > 0:
            timer = self.proxy.timers.after(left, self._changed.set)
            try:
                await self._changed.wait()
            finally:
                timer.cancel()
            self._changed.clear()

    async def _connect(self) -> None:
        try:
            if self._waits:
                await self._wait()
            host, port = self.proxy.target()
            await self.proxy.upstreams.connect(lambda: self.server, host, port)
        except ConnectionResetError:  # accepted, and reset at once: the client would have seen just that
            self.close(End.RESET)
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
            self._waits.clear()
            self.client.dispose()
            self.server.dispose()
            self._dial = None
