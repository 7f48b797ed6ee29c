"""The server: the proxies of the config file, then the API, until a signal."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import time
from collections.abc import Coroutine
from typing import Any

from . import VERSION, httpd
from .address import BACKLOG, address_of, join, listen_on
from .api import Api
from .flags import Flags, UsageError
from .log import LOG
from .registry import Registry
from .timers import Timers
from .upstreams import Upstreams


class Server:
    """A Toxiproxy server in the running event loop. `address` is where the API listens."""

    def __init__(self, flags: Flags) -> None:
        """Raises UsageError if a flag's value cannot be used."""
        self.flags = flags
        self.timers = Timers(asyncio.get_running_loop())
        seed = flags.seed if flags.seed is not None else time.time_ns()
        self.registry = Registry(self.timers, seed, _upstreams(flags.upstreams))
        self.api = Api(self.registry, flags.proxy_metrics, flags.runtime_metrics, _token(flags.token_file))
        self.address = ""
        self._listener: asyncio.Server | None = None

    async def start(self) -> None:
        """Raises ApiError if the API's address cannot be had. A config file that cannot be used is only logged."""
        opened = await listen_on(join(self.flags.host, 0).rpartition(":")[0] + f":{self.flags.port}")
        self.address = address_of(opened)
        if self.flags.config:
            await self._configure(self.flags.config)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(httpd.factory(self.api.handle), sock=opened, backlog=BACKLOG)
        LOG.write("info", "listening", address=self.address, version=VERSION)

    async def _configure(self, path: str) -> None:
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - pathlib is slow to load, and nothing runs yet
                body = file.read()
        except OSError as error:
            LOG.write("error", "config file cannot be read", config=path, error=error.strerror)
            return
        done, refused = await self.registry.populate(body, with_toxics=True)
        if refused is not None:
            LOG.write("error", "config file cannot be used", config=path, error=refused.message, made=len(done))
        else:
            LOG.write("info", "config file read", config=path, proxies=len(done))

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        self.registry.close()
        self.timers.close()


def _upstreams(text: str) -> Upstreams:
    try:
        return Upstreams(text)
    except ValueError as error:
        raise UsageError(f"invalid value for flag -upstreams: {error}") from None


def _token(path: str) -> bytes:
    """The token, empty where none is asked for. A file without one is an error: no client is let in by mistake."""
    if not path:
        return b""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is slow to load, and nothing runs yet
            token = file.read().strip()
    except OSError as error:
        raise UsageError(f"-token-file {path}: {error.strerror}") from None
    if not token:
        raise UsageError(f"-token-file {path}: it is empty")
    return token


class Troubles:
    """Logs what the event loop complains about, the same thing once a second: without descriptors for new connections
    some loops complain thousands of times."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def __call__(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        message, now = str(context.get("message", "trouble")), time.monotonic()
        if now - self._last.get(message, -1.0) >= 1.0:
            self._last[message] = now
            LOG.write("error", message, error=repr(context.get("exception")))


async def serve(flags: Flags) -> None:
    """Run until SIGTERM or SIGINT. Raises ApiError if the API's address cannot be had, UsageError if a flag's value
    cannot be used."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    loop.set_exception_handler(Troubles())
    server = Server(flags)
    try:
        await server.start()
        await stopped.wait()
    finally:
        server.close()
        await asyncio.sleep(0)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run in uvloop where there is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):  # the usual limit will do
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        from uvloop import new_event_loop
    except ImportError:
        asyncio.run(main)
        return
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main)
