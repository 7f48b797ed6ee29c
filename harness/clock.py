"""Time, injectable: everything that stamps or waits takes a clock, so that its tests need not wait."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Wall time in Unix seconds for people, monotonic seconds for durations, and a wait that can be woken."""

    def now(self) -> float:
        """Unix time in seconds; may jump."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never jumps."""

    def wait(self, woken: threading.Event, seconds: float) -> bool:
        """Wait until `woken` is set or `seconds` have passed. True if it was set."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, woken: threading.Event, seconds: float) -> bool:
        return woken.wait(seconds)


class ManualClock:
    """A clock that moves only when it is told to, or waited on; for tests."""

    def __init__(self, now: float = 1_333_525_500.0) -> None:
        self._now = now
        self._monotonic = 0.0

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both times forward."""
        self._now += seconds
        self._monotonic += seconds

    def wait(self, woken: threading.Event, seconds: float) -> bool:
        if not woken.is_set():
            self.advance(seconds)
        return woken.is_set()
