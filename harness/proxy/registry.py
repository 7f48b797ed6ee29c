"""Every proxy of a server, and what is done to several of them at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from . import gojson, schema
from .errors import ApiError, bad_body, proxy_exists, proxy_not_found
from .proxy import Proxy
from .timers import Timers
from .upstreams import Upstreams


class Registry:
    """The proxies by name. What changes them is done one after the other, since listening may have to wait."""

    def __init__(self, timers: Timers, seed: int, upstreams: Upstreams) -> None:
        self.timers, self.seed, self.upstreams = timers, seed, upstreams
        self.proxies: dict[str, Proxy] = {}
        self.lock = asyncio.Lock()

    def get(self, name: str) -> Proxy:
        """Raises ApiError 404."""
        proxy = self.proxies.get(name)
        if proxy is None:
            raise proxy_not_found()
        return proxy

    def make(self, settings: schema.ProxySettings) -> Proxy:
        return Proxy(settings.name, settings.listen, settings.upstream, self.timers, self.seed, self.upstreams)

    async def add(self, settings: schema.ProxySettings) -> Proxy:
        """Make a proxy, its toxics in place before it listens. Raises ApiError 409 or 500, and then made nothing."""
        if settings.name in self.proxies:
            raise proxy_exists()
        proxy = self.make(settings)
        try:
            for leased in schema.toxics(settings.toxics):
                await proxy.prepare(leased.toxic)
                proxy.add_toxic(leased.toxic)
                proxy.lease(leased.toxic, leased.ttl)
            if settings.enabled:
                await proxy.start()
        except ApiError:
            proxy.remove_toxics()
            raise
        self.proxies[settings.name] = proxy
        return proxy

    def remove(self, name: str) -> None:
        """Raises ApiError 404."""
        proxy = self.get(name)
        proxy.stop()
        proxy.remove_toxics()
        del self.proxies[name]

    async def populate(self, body: bytes, with_toxics: bool) -> tuple[list[Proxy], ApiError | None]:
        """What the body lists: those that were made or were there already, and what stopped it, if anything did."""
        try:
            wanted = _wanted(gojson.parse(body), with_toxics)
        except ApiError as error:
            return [], error
        done: list[Proxy] = []
        for settings in wanted:
            try:
                done.append(await self._place(settings))
            except ApiError as error:
                return done, error
        return done, None

    async def _place(self, settings: schema.ProxySettings) -> Proxy:
        existing = self.proxies.get(settings.name)
        if existing is None:
            return await self.add(settings)
        try:
            differs = await existing.differs(settings.listen, settings.upstream)
        except ValueError as error:
            raise ApiError(str(error), 500) from None
        if not differs:
            return existing
        was = existing.enabled
        existing.stop()  # the new one may want its port
        del self.proxies[settings.name]
        try:
            made = await self.add(settings)
        except ApiError:
            self.proxies[settings.name] = existing
            if was:
                await existing.start()
            raise
        existing.remove_toxics()
        return made

    async def reset(self) -> None:
        """Enable every proxy and remove every toxic; what cannot be enabled does not keep the others from it."""
        await self._each(Proxy.start)

    async def _each(self, start: Callable[[Proxy], Awaitable[None]]) -> None:
        failures: list[ApiError] = []
        for proxy in list(self.proxies.values()):
            proxy.remove_toxics()
            try:
                await start(proxy)
            except ApiError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def close(self) -> None:
        for proxy in self.proxies.values():
            proxy.stop()

    def shape(self) -> dict[str, Any]:
        return {name: self.proxies[name].shape() for name in sorted(self.proxies)}


def _wanted(value: Any, with_toxics: bool) -> Sequence[schema.ProxySettings]:
    """Every entry, read and checked before the first is made."""
    if value is None:
        return []
    if not isinstance(value, list):
        entries: list[Mapping[str, Any]] = [value] if isinstance(value, dict) else []
        if not entries:
            raise bad_body("json: cannot unmarshal value into Go value of type []struct")
        raise bad_body("json: cannot unmarshal object into Go value of type []struct")
    read = [schema.proxy(entry, f" at proxy {number}", with_toxics) for number, entry in enumerate(value, start=1)]
    for settings in read:
        schema.toxics(settings.toxics)
    return read
