"""Servers: one adapter per product, one file each; to add one is to add a file, here or in a package of your own
(docs/extending.md).

An adapter is the subclass of `ServerAdapter` in a module here: its fields are what a stack may declare below
`x-harness: servers`, its methods are how such a server is asked. It is known by the values that its field `kind` may
have. It asks in the replica itself, with what the server's image has; nothing connects from outside.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import get_args

from harness.registry import Registry, the_class
from harness.servers._base import (
    Ask,
    Client,
    DeclaredQueue,
    QueueAnswer,
    RawAnswer,
    Sample,
    Sampling,
    ServerAdapter,
    ServerConnection,
    SimpleSampling,
)
from harness.servers._http import fetching
from harness.stack import QueueProbe, Readback, XHarness

__all__ = [
    "Ask", "Client", "DeclaredQueue", "QueueAnswer", "RawAnswer", "Sample", "Sampling", "ServerAdapter",
    "ServerConnection", "SimpleSampling",
    "declared", "fetching", "kinds", "queue_of", "readback_of",
]  # fmt: skip


_REGISTRY = Registry("server", sys.modules[__name__], the_class(ServerAdapter))


@cache
def kinds() -> Mapping[str, type[ServerAdapter]]:
    """Every kind of server by name, sorted; one adapter may have several."""
    adapters = map(_REGISTRY.find, _REGISTRY.names())
    return dict(sorted((kind, one) for one in adapters for kind in get_args(one.model_fields["kind"].annotation)))


def declared(harness: XHarness) -> Mapping[str, ServerAdapter]:
    """The servers that a stack declares, by name."""
    return {name: server for name, server in harness.servers.items() if isinstance(server, ServerAdapter)}


def queue_of(harness: XHarness) -> ServerAdapter | QueueProbe | None:
    """Who is asked for the queue: a server that has one, or a command; None where the stack declares neither."""
    return next(_with(harness, "queue"), None) or harness.probes.queue


def readback_of(harness: XHarness) -> ServerAdapter | Readback | None:
    """Who is asked for the acknowledged work that is there; None where the stack declares none."""
    other = harness.workload.readback if harness.workload else None
    return next(_with(harness, "readback"), None) or other


def _with(harness: XHarness, key: str) -> Iterator[ServerAdapter]:
    return (server for server in declared(harness).values() if getattr(server, key, None) is not None)
