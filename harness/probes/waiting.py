"""Waiting for a condition, with a deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from harness.clock import Clock

T = TypeVar("T")


def wait_until(
    observe: Callable[[], T],
    good: Callable[[T], bool],
    within: float,
    clock: Clock,
    *,
    every: float = 0.1,
    record: Callable[[T], object] | None = None,
    woken: threading.Event | None = None,
) -> tuple[bool, T]:
    """Observe until it is good, or the time is over. At least one observation is made, and one at the deadline.

    Args:
        observe: makes one observation.
        good: whether that is what is waited for.
        within: seconds.
        clock: what waits.
        every: seconds between two observations.
        record: called with the observations that differ from the one before, and with the last.
        woken: set by another thread to look at once; a caller that wants the wait to end makes `good` say so.

    Returns:
        Whether it became good, and the last observation.
    """
    woken = woken or threading.Event()
    deadline = clock.monotonic() + within
    seen: list[T] = []
    while True:
        seen.append(observe())
        done = good(seen[-1])
        over = clock.monotonic() >= deadline
        if record is not None and (done or over or len(seen) == 1 or seen[-1] != seen[0]):
            record(seen[-1])
        if done or over:
            return done, seen[-1]
        del seen[:-1]
        clock.wait(woken, min(every, max(0.0, deadline - clock.monotonic())))
        woken.clear()
