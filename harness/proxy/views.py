"""What the extensions show: the connections through a proxy, and what its toxics did."""

from __future__ import annotations

import time
from typing import Any

from .link import Link
from .proxy import Proxy


def connections(proxy: Proxy) -> list[dict[str, Any]]:
    """Every open connection: bytes are what each side has sent, what was passed on (more or less
    of it, where a toxic wrote something else) and what is held back, age is in milliseconds."""
    now = time.monotonic()
    return [_connection(link, now) for link in sorted(proxy.links, key=lambda link: link.number)]


def _connection(link: Link, now: float) -> dict[str, Any]:
    return {
        "id": link.number,
        "client": link.client.peername(),
        "upstream": link.server.peername(),
        "age": round((now - link.opened) * 1000),
        "connected": link.server.transport is not None,
        "closing": link.closing,
        "bytes": {
            "upstream": {"received": link.client.received, "sent": link.client.sent, "held": link.client.held},
            "downstream": {"received": link.server.received, "sent": link.server.sent, "held": link.server.held},
        },
        "toxics": [toxic.name for toxic in link.toxics()],
    }


def stats(proxy: Proxy) -> dict[str, Any]:
    """Counters since the proxy was made, and since each toxic was added."""
    now = time.monotonic()
    totals = proxy.totals()
    return {
        "name": proxy.name,
        "connections": {"accepted": proxy.accepted, "open": len(proxy.links), "unreachable": proxy.refused},
        "bytes": {
            "upstream": {"received": totals["received_up"], "sent": totals["sent_up"]},
            "downstream": {"received": totals["received_down"], "sent": totals["sent_down"]},
        },
        "toxics": {
            toxic.name: {
                "connections": toxic.connections,
                "bytes": toxic.bytes,
                "closed": toxic.closed,
                "ttl": None if toxic.expires is None else max(0, round((toxic.expires - now) * 1000)),
            }
            for toxic in proxy.ordered()
        },
    }
