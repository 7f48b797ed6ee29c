"""What replicas and servers use, as figures over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from harness.checks._processes import ends_of
from harness.events import ProbeReplica, ProbeServer
from harness.history import Event

OF_REPLICA = ("resident", "shared", "descriptors", "threads", "processes")
OF_SERVER = ("connections", "clients", "channels")  # whichever its product has
WORDS = {
    "resident": "memory", "shared": "shared memory", "descriptors": "open descriptors", "threads": "threads",
    "processes": "processes", "connections": "connections", "clients": "connections", "channels": "channels",
}  # fmt: skip
OF_MEMORY = ("resident", "shared")  # in bytes
MEBIBYTE = 1024.0 * 1024.0


@dataclass
class Usage:
    """One figure of one replica, or of the server in it.

    Attributes:
        points: the event that told it, and how much it was; in the order of time.
        limit: that it may reach, as the last event tells; None where none is known.
    """

    replica: str
    figure: str
    points: list[tuple[Event, float]] = field(default_factory=list)
    limit: float | None = None

    @property
    def words(self) -> str:
        """`open descriptors of backend-2`."""
        return f"{WORDS[self.figure]} of {self.replica}"

    def said(self, value: float) -> str:
        """A value of it, in words."""
        return f"{value / MEBIBYTE:.3g} MiB" if self.figure in OF_MEMORY else f"{value:.3g}"


def used(events: Iterable[Event], phase: str) -> dict[tuple[str, str], Usage]:
    """Every figure that was told in a phase.

    The shared memory of a replica that is a server is left out: databases reserve it when they start, and it fills as
    they are used.
    """
    found: dict[tuple[str, str], Usage] = {}
    servers: set[str] = set()
    events = tuple(events)
    end = ends_of(events).get(phase)
    for event in events:
        body = event.body if event.phase == phase and (end is None or event.id <= end) else None
        if not isinstance(body, ProbeReplica | ProbeServer):
            continue
        for figure, value in _figures(body):
            usage = found.setdefault((body.replica, figure), Usage(body.replica, figure))
            usage.points.append((event, value))
            if figure in OF_MEMORY and isinstance(body, ProbeReplica):
                usage.limit = body.memory_limit
        if isinstance(body, ProbeServer):
            servers.add(body.replica)
    return {key: usage for key, usage in found.items() if key[0] not in servers or usage.figure != "shared"}


def _figures(body: ProbeReplica | ProbeServer) -> Iterator[tuple[str, float]]:
    for figure in OF_REPLICA if isinstance(body, ProbeReplica) else OF_SERVER:
        value = getattr(body, figure, None)
        if isinstance(value, Mapping):
            value = sum(one for one in value.values() if isinstance(one, int | float))
        if isinstance(value, int | float):
            yield figure, float(value)
