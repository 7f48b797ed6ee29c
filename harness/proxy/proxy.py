"""A proxy: a listener, an upstream, its toxics and the links through it."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

from .address import BACKLOG, InUse, address_of, canonical, listen_on, port_number, split
from .errors import internal, toxic_exists, toxic_not_found
from .link import Link
from .timers import Timer, Timers
from .toxics import Toxic
from .upstreams import Upstreams


class Proxy:
    """Forwards what connects to `listen` to `upstream`. Both are texts, `host:port`; the upstream's name is looked
    up for each connection, so that it need not exist before the first one."""

    def __init__(self, name: str, listen: str, upstream: str, timers: Timers, seed: int, upstreams: Upstreams) -> None:
        self.name, self.listen, self.upstream = name, listen, upstream
        self.timers, self.seed, self.upstreams = timers, seed, upstreams
        self.loop = asyncio.get_running_loop()
        self.toxics: list[Toxic] = []
        self.links: set[Link] = set()
        self.accepted = self.refused = 0
        self._done = {"received_up": 0, "sent_up": 0, "received_down": 0, "sent_down": 0}
        self._leases: dict[str, Timer] = {}
        self._server: asyncio.Server | None = None

    @property
    def enabled(self) -> bool:
        return self._server is not None

    # Listening

    async def start(self) -> None:
        """Listen, if it does not yet. Raises ApiError 500."""
        if self._server is None:
            await self._serve(await listen_on(self.listen))

    async def _serve(self, opened: socket.socket) -> None:
        self._server = await self.loop.create_server(self._accept, sock=opened, backlog=BACKLOG)
        self.listen = address_of(opened)

    def _accept(self) -> asyncio.Protocol:
        self.accepted += 1
        return Link(self, self.accepted).client

    def _deafen(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None

    def drop(self) -> None:
        """Close every connection through the proxy."""
        for link in list(self.links):
            link.abort()

    def stop(self) -> None:
        """Refuse connections, and close those that there are."""
        self._deafen()
        self.drop()

    async def differs(self, listen: str, upstream: str) -> bool:
        """Whether these are other addresses than it has. Raises ValueError if `listen` is no address."""
        if listen == self.listen:
            return upstream != self.upstream
        return await canonical(listen) != await canonical(self.listen) or upstream != self.upstream

    async def update(self, listen: str, upstream: str, enabled: bool) -> None:
        """Change addresses and state. If the new address cannot be had, nothing changes. Raises ApiError 500."""
        if not enabled:
            self.stop()
            self.listen, self.upstream = listen, upstream
            return
        try:
            other = await canonical(listen) != await canonical(self.listen)
        except ValueError:
            other = True
        if self._server is None or other:
            await self._move(listen)
        elif upstream != self.upstream:
            self.drop()
        self.upstream = upstream

    async def _move(self, listen: str) -> None:
        before, listening = self.listen, self._server is not None
        try:
            opened = await listen_on(listen)
        except InUse:
            if not listening or split(before)[1] != str(port_number(split(listen)[1])):
                raise
            opened = await self._take_over(before, listen)
        self.stop()
        await self._serve(opened)

    async def _take_over(self, before: str, listen: str) -> socket.socket:
        """The new address has the port of the old one, which may be what is in its way."""
        self._deafen()
        try:
            return await listen_on(listen)
        except BaseException:
            await self._serve(await listen_on(before))
            raise

    def target(self) -> tuple[str, int]:
        """Where to connect to. Raises ValueError if the upstream is no address."""
        host, port = split(self.upstream)
        return host or "localhost", port_number(port)

    # Toxics

    def toxic(self, name: str) -> Toxic:
        for toxic in self.toxics:
            if toxic.name == name:
                return toxic
        raise toxic_not_found()

    def has_toxic(self, name: str) -> bool:
        return any(toxic.name == name for toxic in self.toxics)

    async def prepare(self, toxic: Toxic) -> None:
        """Let a toxic look at the service, which may take long. Raises ApiError 500 if it cannot."""
        try:
            await toxic.kind.prepare(toxic, self)
        except OSError as error:
            raise internal(f"{toxic.kind.type}: {error}") from None

    def add_toxic(self, toxic: Toxic) -> None:
        """Apply a toxic, prepared, to connections that there are and those to come. Raises ApiError 409."""
        if self.has_toxic(toxic.name):
            raise toxic_exists()
        self.toxics.append(toxic)
        for link in list(self.links):
            link.attach(toxic)

    def change_toxic(self, toxic: Toxic) -> None:
        """Tell the connections that the toxic's settings changed."""
        for link in list(self.links):
            if not link.closing:
                link.changed(toxic)

    def remove_toxic(self, name: str) -> None:
        """Heal every connection of a toxic. Raises ApiError 404."""
        toxic = self.toxic(name)
        self.lease(toxic, None)
        for link in list(self.links):
            link.detach(toxic)
        self.toxics.remove(toxic)

    def remove_toxics(self) -> None:
        for toxic in list(self.toxics):
            self.remove_toxic(toxic.name)

    def lease(self, toxic: Toxic, seconds: float | None) -> None:
        """Remove the toxic by itself after so long, unless the lease is renewed; None ends the lease."""
        running = self._leases.pop(toxic.name, None)
        if running is not None:
            running.cancel()
        toxic.expires = None
        if seconds is not None:
            toxic.expires = time.monotonic() + seconds
            self._leases[toxic.name] = self.timers.after(seconds, lambda: self._expire(toxic))

    def _expire(self, toxic: Toxic) -> None:
        if toxic in self.toxics:
            self.remove_toxic(toxic.name)

    # What is to be seen

    def forget(self, link: Link) -> None:
        """A link is closed; what it counted stays."""
        if link in self.links:
            self.links.remove(link)
            for name, pipe in (("up", link.client), ("down", link.server)):
                self._done[f"received_{name}"] += pipe.received
                self._done[f"sent_{name}"] += pipe.sent

    def totals(self) -> dict[str, int]:
        """Bytes received and sent in each direction since the proxy was made, up to this moment."""
        totals = dict(self._done)
        for link in self.links:
            for name, pipe in (("up", link.client), ("down", link.server)):
                totals[f"received_{name}"] += pipe.received
                totals[f"sent_{name}"] += pipe.sent
        return totals

    def ordered(self) -> list[Toxic]:
        """Upstream toxics first, each direction in the order in which they were added."""
        return sorted(self.toxics, key=lambda toxic: not toxic.upstream)

    def shape(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "name": self.name,
            "listen": self.listen,
            "upstream": self.upstream,
            "enabled": self.enabled,
            "Logger": {},
            "toxics": [toxic.shape() for toxic in self.ordered()],
        }
