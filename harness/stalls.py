"""Stalls: stretches in which the machine did not run what wanted to run.

A busy or paused machine looks like a slow or dead service. Whoever waits for an answer, or judges one by time, has to
know how long the machine itself stood still meanwhile. Two witnesses tell: a heartbeat in this process (`Heartbeat`),
and a small program in a container of each environment (`harness.environment.witness`), which competes for the
processors as the replicas do. Both report to `MACHINE`; time-outs of the harness are `Patience`, which does not count
what the machine took away.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Self

# An answer passes several processes, and each waits for a processor about as long as the witness does: the client,
# a proxy, a load balancer, a server and its database. So a stall of one second explains up to so many of an answer.
CHAIN = 4.0
KEPT = 4096  # stalls; at one a second, more than an hour
MAX_FACTOR = 5.0  # times a time-out that patience lasts at most, however long the machine stood still
BEAT = 0.1  # s between two beats
TOLERANCE = 0.02  # s that a beat may be late on a machine that is idle


class Stalls:
    """What witnesses reported, newest last. Safe to use from several threads. Times are `time.monotonic()`, seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: deque[tuple[float, float, float]] = deque(maxlen=KEPT)

    def add(self, begin: float, end: float, stood: float) -> None:
        """Between two moments the machine stood still for `stood` seconds."""
        if stood > 0.0 and end > begin:
            with self._lock:
                self._found.append((begin, end, min(stood, end - begin)))

    def stood(self, begin: float, end: float) -> float:
        """For how many seconds it stood still between two moments; where witnesses overlap, the worst counts."""
        with self._lock:
            found = list(self._found)
        return overlap(found, begin, end)


def overlap(rows: list[tuple[float, float, float]], begin: float, end: float) -> float:
    """The seconds of `rows` (from, to, stood) that fall between two moments; of those that overlap, the worst share."""
    found = [one for one in rows if one[1] > begin and one[0] < end]
    edges = sorted({begin, end, *(edge for one in found for edge in one[:2] if begin < edge < end)})
    total = 0.0
    for low, high in itertools.pairwise(edges):
        share = max((s / (b - a) for a, b, s in found if a <= low and b >= high and b > a), default=0.0)
        total += share * (high - low) if share else 0.0  # a stretch without a beginning has none
    return total


MACHINE = Stalls()


class Patience:
    """A time-out that ends when `seconds` have passed in which the machine ran.

    Args:
        seconds: to wait on a machine that runs.
        stalls: what to make allowance for.
        clock: gives the time, in seconds.
        most: how many times `seconds` it lasts at most.
    """

    def __init__(
        self,
        seconds: float,
        stalls: Stalls | None = None,
        clock: Callable[[], float] = time.monotonic,
        most: float = MAX_FACTOR,
    ) -> None:
        self.seconds, self._stalls, self._clock, self._most = seconds, stalls or MACHINE, clock, most
        self._began = clock()

    @property
    def waited(self) -> float:
        """Seconds since it began."""
        return self._clock() - self._began

    @property
    def stood(self) -> float:
        """Seconds since then in which the machine stood still."""
        return self._stalls.stood(self._began, self._clock())

    @property
    def left(self) -> float:
        """Seconds that are left; 0 or less when it is over."""
        waited = self.waited
        if waited < self.seconds:
            return self.seconds - waited
        allowed = min(self.seconds + CHAIN * self.stood, self._most * self.seconds)
        return allowed - waited

    @property
    def words(self) -> str:
        """`; the machine stood still for 2.4 s of them`, for messages; empty where it did not."""
        stood = self.stood
        return f"; the machine stood still for {stood:.1f} s of them" if stood >= 0.1 else ""


class Heartbeat:
    """Notices when this process itself does not run: stopped, starved, or kept from it by its own work.

    Args:
        stalls: where it reports to.
        told: called with (from, to, stood) for each stall of `least` seconds or more.
    """

    def __init__(
        self,
        stalls: Stalls | None = None,
        told: Callable[[float, float, float], None] | None = None,
        least: float = 0.1,
    ) -> None:
        self._stalls, self._told, self._least = stalls or MACHINE, told, least
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to beat; harmless when it does already."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End. May be called twice."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        before = time.monotonic()
        while not self._stopping.wait(BEAT):
            now = time.monotonic()
            late = now - before - BEAT - TOLERANCE
            if late > 0.0:
                self._stalls.add(before, now, late)
                if self._told is not None and late >= self._least:
                    self._told(before, now, late)
            before = now

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
