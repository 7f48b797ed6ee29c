"""Whether anybody used a replica while a fault was on it: bytes on the links that lead to it, and from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.faults import _counters

if TYPE_CHECKING:
    from harness.environment import Environment


class Traffic:
    """Counts from where it is made.

    Args:
        names: the replicas.
        both: whether what they send to others counts, too.
    """

    def __init__(self, environment: Environment, *names: str, both: bool = True) -> None:
        self._environment = environment
        services = {environment.replica(name).service for name in names}
        self._links = [
            link
            for link in environment.links
            if link.target in names or (link.target == link.service and link.service in services)
            or (both and link.consumer in names)
        ]  # fmt: skip
        self._before, self._accepted = self._count(), self._connections()

    def _count(self) -> int | None:
        if not self._links:
            return None
        found = _counters.read(self._environment, self._links).values()
        parts = [part for counts in found for part in (counts.upstream, counts.downstream) if part is not None]
        return sum(parts) if parts else None

    def _connections(self) -> int | None:
        proxy = self._environment.proxy
        if not self._links or not proxy.extended:
            return None
        return sum(int(proxy.stats(link.name)["connections"]["accepted"]) for link in self._links)

    @property
    def bytes(self) -> int | None:
        """Since it was made; None where that is not counted, or no link leads there."""
        return _less(self._count(), self._before)

    @property
    def connections(self) -> int | None:
        """That consumers opened since, whatever became of them; None where that is not counted."""
        return _less(self._connections(), self._accepted)


def _less(now: int | None, before: int | None) -> int | None:
    return None if now is None or before is None else now - before
