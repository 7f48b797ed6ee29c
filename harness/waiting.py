"""Waiting: for a condition, or simply for some seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from harness.clock import Clock, SystemClock
from harness.stalls import Patience

T = TypeVar("T")
_SYSTEM = SystemClock()


def poll(
    observe: Callable[[], T],
    good: Callable[[T], object] = bool,
    *,
    within: float | Patience,
    every: float,
    clock: Clock = _SYSTEM,
    record: Callable[[T], object] | None = None,
) -> T:
    """Observe until it is good, or the time is over. At least one observation is made, and one at the deadline.

    Args:
        observe: makes one observation; what it raises ends the wait.
        good: whether that is what is waited for.
        within: seconds, or a patience, which allows for the machine's stalls.
        every: seconds between two observations.
        clock: what waits.
        record: called with the observations that differ from the one before, and with the last.

    Returns:
        The last observation: the only good one, or the one at the deadline.
    """
    patience = within if isinstance(within, Patience) else Patience(within, clock=clock.monotonic, most=1.0)
    recorded: list[T] = []
    while True:
        seen = observe()
        ended = bool(good(seen)) or patience.left <= 0.0
        if record is not None and (ended or [seen] != recorded):
            recorded = [seen]
            record(seen)
        if ended:
            return seen
        pause(min(every, max(0.0, patience.left)), clock)


def pause(seconds: float, clock: Clock = _SYSTEM) -> None:
    """Let time pass where there is nothing to observe."""
    clock.wait(threading.Event(), seconds)
