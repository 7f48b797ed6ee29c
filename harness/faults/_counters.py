"""What went through links and what their toxics did, read off the proxy, whatever make it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.environment import Environment
from harness.environment.links import ENTRYPOINT, Link
from harness.environment.sockets import refused_attempts
from harness.errors import HostError

_METRIC = re.compile(r'toxiproxy_proxy_received_bytes_total\{[^}]*proxy="((?:[^"\\]|\\.)*)"[^}]*\} (\S+)')
KINDS = ("connections", "bytes", "closed")


@dataclass(frozen=True, slots=True)
class Counts:
    """The counters of a link at a moment; None where they cannot be told.

    Attributes:
        received: bytes that arrived at the proxy, both directions.
        open: connections that are open.
        refused: attempts to connect that failed in the consumer, to whomever.
        toxics: by name, their `connections`, `bytes` and `closed`; None where the proxy does not count them.
    """

    received: int | None
    open: int | None
    refused: int | None
    toxics: Mapping[str, Mapping[str, int]] | None = field(default=None)

    def since(self, before: Counts, toxics: Iterable[str]) -> dict[str, int | None]:
        """What moved since, of the link and of these toxics of it."""
        moved: dict[str, int | None] = {"received": _less(self.received, before.received)}
        for kind in KINDS:
            known = self.toxics
            moved[kind] = None if known is None else sum(known[name][kind] for name in toxics if name in known)
        # Connections that were open when the link was taken down are ended by that; of the entry point's consumer, this
        # machine, no more is known: who else fails to connect here is no evidence.
        moved["refused"] = (_less(self.refused, before.refused) or 0) + (before.open or 0)
        if self.refused is None and not before.open:
            moved["refused"] = None
        if self.toxics is None:
            # Toxics that are not counted are taken for at work where bytes moved: those that went through the link.
            moved["bytes"] = moved["received"] or None
        return moved


def _less(now: int | None, before: int | None) -> int | None:
    return None if now is None or before is None else now - before


def read(environment: Environment, links: Iterable[Link], *, refused: bool = False) -> dict[str, Counts]:
    """The counters of links now, by the link's name.

    Args:
        refused: ask the consumers, too, how many of their attempts to connect failed.
    """
    proxy, wanted = environment.proxy, list(links)
    attempts = _attempts(environment, wanted) if refused else {}
    if not proxy.extended:
        received = _received(proxy.metrics())
        return {link.name: Counts(received.get(link.name), None, attempts.get(link.consumer)) for link in wanted}
    found: dict[str, Counts] = {}
    for link in wanted:
        stats = proxy.stats(link.name)
        total = sum(int(direction["received"]) for direction in stats["bytes"].values())
        toxics = {name: {kind: int(one[kind]) for kind in KINDS} for name, one in stats["toxics"].items()}
        found[link.name] = Counts(total, int(stats["connections"]["open"]), attempts.get(link.consumer), toxics)
    return found


def _received(metrics: str | None) -> dict[str, int]:
    received: dict[str, int] = {}
    for name, value in _METRIC.findall(metrics or ""):
        received[name] = received.get(name, 0) + int(float(value))
    return received


def _attempts(environment: Environment, links: Iterable[Link]) -> dict[str, int]:
    found: dict[str, int] = {}
    for consumer in {link.consumer for link in links if link.consumer != ENTRYPOINT}:
        try:
            found[consumer] = refused_attempts(environment.replica(consumer))
        except HostError:  # it has no shell to ask through, or has ended
            continue
    return found
