"""What a good request costs: pairing hides what slows both arms down, and an orphan that eats the machine does that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.events import ProbeReplica
from harness.history import Event, of

if TYPE_CHECKING:
    from harness.checks._blocks import ArmRequests

Span = tuple[float, float]


def cpu_of_a_request(events: Iterable[Event], requests: ArmRequests, span: Span) -> float | None:
    """CPU seconds of all replicas for each request that was answered well, in a stretch of time; None where it is not
    known: nothing was sampled, or a container was started again meanwhile.
    """
    seen: dict[str, list[tuple[float, float]]] = {}
    for event in of(events, ProbeReplica):
        cpu = event.body.cpu
        if cpu is not None and span[0] <= event.since_start <= span[1]:
            seen.setdefault(event.body.replica, []).append((event.since_start, cpu))
    spent = 0.0
    for looks in seen.values():
        (begin, first), (end, last) = looks[0], looks[-1]
        if end - begin < 0.5 * (span[1] - span[0]) or last < first:
            return None
        spent += (last - first) * (span[1] - span[0]) / (end - begin)
    good = int(requests.between(*span).ok.sum())
    return spent / good if seen and good else None
