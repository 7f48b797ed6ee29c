"""How long the machine stood still, as the witnesses in a history tell: what is judged by time is held against it.

A service that is slow on a machine that does not run is no worse than the machine. So a finding about time that a stall
explains proves nothing, and the verdict is unknown. A stall explains more than its own length, because an answer
passes several processes, each of which waits for the machine (`CHAIN`). It explains nothing where it is short against
the stretch that is judged (`SHARE`), or where the environment itself keeps the machine busy (`OWN`): that is the
release's doing.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable

from harness.events import ProbeReplica, WitnessReport
from harness.history import Event, of
from harness.stalls import CHAIN, overlap

# Of a stretch. On 2 processors, one gate alone makes 1.5 %, two side by side 4 to 16 %; four loops that only start
# processes 20 to 70 %.
SHARE = 0.2
SHORT = 0.1  # s; shorter stalls explain nothing
OWN = 0.6  # of the processors' time; where the environment uses more of it, it keeps the machine busy itself
LOWERED = 0.9  # times the declared limit; a limit below was set by somebody else

Row = tuple[float, float, float]


class WitnessedStalls:
    """The stalls of an environment. Times are the history's, in seconds.

    Args:
        events: of the environment (`witness`, `probe.replica`).
    """

    def __init__(self, events: Iterable[Event]) -> None:
        events = tuple(events)
        seen = [event.body for event in of(events, WitnessReport)]
        self._rows = [(one.begin, one.end, one.stood) for one in seen]
        door = sorted(row for row, one in zip(self._rows, seen, strict=True) if one.place == "door")
        self._rows += _gaps(door, max((event.since_start for event in events), default=0.0))
        self.known = bool(door)  # whether there was a witness at all
        self._busy = [(one.begin, one.end, (one.busy or 0.0) + (one.steal or 0.0)) for one in seen]
        self._replicas: dict[str, list[Event[ProbeReplica]]] = {}
        for event in of(events, ProbeReplica):
            if event.body.cpu is not None:
                self._replicas.setdefault(event.body.replica, []).append(event)

    def stood(self, begin: float, end: float) -> float:
        """For how many seconds of a stretch the machine, or a replica that somebody held back, stood still."""
        machine = 0.0 if self._own(begin, end) else overlap(self._rows, begin, end)
        return min(end - begin, max(machine, self._held_back(begin, end)))

    def explains(
        self, begin: float, end: float, judged: float = 0.0, allowed: float = 0.0, chain: float = CHAIN
    ) -> str:
        """Words, where what was seen in a stretch may be due to the machine; empty where it is not.

        Args:
            begin, end: the stretch.
            judged, allowed: what was seen there, and what may be; seconds.
            chain: how many times its own length a stall explains.
        """
        stood = self.stood(begin, end)
        if stood < max(SHORT, SHARE * (end - begin)) or judged - chain * stood > allowed:
            return ""
        return f"the machine stood still for {stood:.1f} s of these {end - begin:.1f} s"

    def _own(self, begin: float, end: float) -> bool:
        """The environment's replicas used most of the processors' time. Not known is no."""
        busy = sum(b * _part(low, high, begin, end) for low, high, b in self._busy)
        used = sum(_grown(found, "cpu", begin, end) for found in self._replicas.values())
        return busy > 0.0 and used >= OWN * busy

    def _held_back(self, begin: float, end: float) -> float:
        """Seconds for which the most throttled replica could not run, by a limit that the stack does not set."""
        held = [_grown(_lowered(found), "throttled_seconds", begin, end) for found in self._replicas.values()]
        return max(held, default=0.0)


def _lowered(found: list[Event[ProbeReplica]]) -> list[Event[ProbeReplica]]:
    """The looks at a replica under a lower limit than it was given; the look before the first of them, too."""
    low = [
        number
        for number, event in enumerate(found)
        if (limit := event.body.cpu_limit) is not None and limit < LOWERED * (event.body.cpu_declared or math.inf)
    ]
    return found[max(0, low[0] - 1) : low[-1] + 2] if low else []


def _grown(found: list[Event[ProbeReplica]], field: str, begin: float, end: float) -> float:
    """By how much a counter grew in a stretch; between two looks it is taken to grow evenly."""
    points = [(event.since_start, value) for event in found if (value := getattr(event.body, field)) is not None]
    if len(points) < 2:
        return 0.0
    return max(0.0, _read_at(points, end) - _read_at(points, begin))


def _read_at(points: list[tuple[float, float]], when: float) -> float:
    """What a counter, read at these times, showed at another one; before the first and after the last it stood."""
    after = bisect_right(points, when, key=lambda point: point[0])
    if after in (0, len(points)):
        return points[max(0, after - 1)][1]
    (began, was), (ended, now) = points[after - 1 : after + 1]
    return was + (now - was) / (ended - began) * (when - began)


def _gaps(door: list[Row], until: float) -> list[Row]:
    """What the witness did not report on since it began: it stood still, or is gone."""
    begins = [*(row[0] for row in door[1:]), until]
    gaps = [(row[1], begin) for row, begin in zip(door, begins, strict=False)]
    return [(low, high, high - low) for low, high in gaps if high - low > SHORT]


def _part(low: float, high: float, begin: float, end: float) -> float:
    """The share of one stretch that lies in another."""
    return max(0.0, min(high, end) - max(low, begin)) / (high - low) if high > low else 0.0
