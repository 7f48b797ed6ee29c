"""What went through links and what their toxics did, read off the proxy, whatever make it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.errors import HostError
from harness.proxy.client_shapes import Toxic
from harness.stack import ENTRYPOINT

if TYPE_CHECKING:
    from harness.environment import Environment, Replica
    from harness.environment.links import Link

_METRIC = re.compile(r"toxiproxy_proxy_received_bytes_total\{(.*)\} (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
KINDS = ("connections", "bytes", "closed")


@dataclass(frozen=True, slots=True)
class Counts:
    """The counters of a link at a moment; None where they cannot be told.

    Attributes:
        upstream, downstream: bytes that arrived at the proxy in that direction.
        open: connections that are open.
        refused: attempts to connect that failed in the consumer, to whomever.
        toxics: by name, their `connections`, `bytes` and `closed`; None where the proxy does not count them.
    """

    upstream: int | None
    downstream: int | None
    open: int | None
    refused: int | None
    toxics: Mapping[str, Mapping[str, int]] | None = field(default=None)

    def since(self, before: Counts, toxics: Iterable[Toxic]) -> dict[str, int | None]:
        """What moved since, of the link and of these toxics of it; without toxics it is down."""
        own, known = tuple(toxics), self.toxics
        moved: dict[str, int | None] = {
            "upstream": _less(self.upstream, before.upstream), "downstream": _less(self.downstream, before.downstream),
        }  # fmt: skip
        for kind in KINDS:
            counted = [known[toxic.name][kind] for toxic in own if known is not None and toxic.name in known]
            moved[kind] = sum(counted) if counted else None
        if not own:
            # Connections that were open when the link was taken down are ended by that.
            parts = (_less(self.refused, before.refused), _less(before.open, self.open))
            told = [max(0, part) for part in parts if part is not None]
            moved["refused"] = sum(told) if told else None
        if known is None:
            # Toxics that are not counted are taken for at work where bytes moved in their direction. That none moved
            # says nothing: the original counts them when the connection ends.
            moved["bytes"] = sum(moved[stream] or 0 for stream in {toxic.stream for toxic in own}) or None
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

        def moved(link: Link, stream: str) -> int | None:
            return None if received is None else received.get((link.name, stream), 0)

        return {
            link.name: Counts(moved(link, "upstream"), moved(link, "downstream"), None, attempts.get(link.consumer))
            for link in wanted
        }
    found: dict[str, Counts] = {}
    for link in wanted:
        stats = proxy.stats(link.name)
        up, down = (int(stats["bytes"][stream]["received"]) for stream in ("upstream", "downstream"))
        toxics = {name: {kind: int(one[kind]) for kind in KINDS} for name, one in stats["toxics"].items()}
        found[link.name] = Counts(up, down, int(stats["connections"]["open"]), attempts.get(link.consumer), toxics)
    return found


def _received(metrics: str | None) -> dict[tuple[str, str], int] | None:
    """Bytes by proxy and direction; one is there from its first byte on. None where there are no metrics."""
    if metrics is None:
        return None
    received: dict[tuple[str, str], int] = {}
    for text, value in _METRIC.findall(metrics):
        labels = dict(_LABEL.findall(text))
        key = labels.get("proxy", ""), labels.get("direction", "")
        received[key] = received.get(key, 0) + int(float(value))
    return received


def _attempts(environment: Environment, links: Iterable[Link]) -> dict[str, int]:
    found: dict[str, int] = {}
    for consumer in {link.consumer for link in links if link.consumer != ENTRYPOINT}:
        try:
            found[consumer] = _refused_attempts(environment.replica(consumer))
        except HostError:  # it has no shell to ask through, or has ended
            continue
    return found


def _refused_attempts(replica: Replica) -> int:
    """How many of its attempts to connect anywhere have failed so far (`AttemptFails`).

    Raises:
        HostError: it cannot be asked, or does not say.
    """
    said = replica.run("cat /proc/net/snmp").stdout
    rows = [line.split() for line in said.splitlines() if line.startswith("Tcp:")]
    if len(rows) != 2 or "AttemptFails" not in rows[0]:
        raise HostError(
            "The TCP counters of a replica cannot be read",
            where=f"{replica.name}:/proc/net/snmp",
            got=said[:200] or "nothing",
        )
    return int(rows[1][rows[0].index("AttemptFails")])
