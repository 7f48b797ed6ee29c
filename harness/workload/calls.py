"""A team's own Python callable, for what is neither HTTP nor bytes over TCP.

`module:function` is called with `id`, `n` and `key` as keyword arguments. It may be a coroutine function; one that is
not runs in a thread. What it returns does not matter, unless it is False: that is an unexpected answer. A text that it
returns counts as the body of the answer. What it raises is a failure.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.workload.exchange import ANSWERED, RAISED, TIMEOUT, UNEXPECTED, Exchange
from harness.workload.spec import Spec

THREADS = 32  # at most; a call that blocks for ever keeps one of them


def load(name: str) -> Callable[..., Any]:
    """The callable of a `module:function`; the working directory counts as a place for modules.

    Raises:
        UsageError: it cannot be imported, or cannot be called.
    """
    module, _, function = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = getattr(import_module(module), function)
    except Exception as error:  # whatever the module does when it is imported
        got = f"{type(error).__name__}: {error}"
        raise UsageError("The workload's callable cannot be loaded", where=name, got=got) from error
    if not callable(found):
        raise UsageError("The workload's callable cannot be called", where=name, got=type(found).__name__)
    made: Callable[..., Any] = found
    return made


class Calls:
    """Calls what the requests of a spec name."""

    def __init__(self, spec: Spec) -> None:
        self._known = {one.call: load(one.call) for one in spec.requests if one.kind == "call"}
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="call")
        self._running: set[asyncio.Task[Any]] = set()

    def send(self, exchange: Exchange) -> None:
        """Call it; the loop goes on meanwhile."""
        task = asyncio.ensure_future(self._call(exchange))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        exchange.give_up = task.cancel

    async def _call(self, exchange: Exchange) -> None:
        function, named = self._known[exchange.request.call], {"id": exchange.id, "n": exchange.n, "key": exchange.key}
        try:
            if inspect.iscoroutinefunction(function):
                found = await function(**named)
            else:
                found = await asyncio.get_running_loop().run_in_executor(self._pool, lambda: function(**named))
        except asyncio.CancelledError:
            raise
        except TimeoutError:
            exchange.end(TIMEOUT)
        except Exception:  # whatever it raises is its failure
            exchange.end(RAISED)
        else:
            said = found.encode() if isinstance(found, str) else b""
            exchange.end(UNEXPECTED if found is False else ANSWERED, b"", said)

    def close(self) -> None:
        """Wait for nothing."""
        self._pool.shutdown(wait=False, cancel_futures=True)
