"""A slow line."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import ClassVar

from ..timers import Timer
from .base import KIB, Direction, End, Stage, Toxic

SEGMENT = 1400  # bytes: a slow line delivers about so much at a time
CREDIT = 0.005  # seconds whose bytes may be made up for, since senders come in gusts
MIN_PAUSE, MAX_PAUSE = 0.002, 0.05  # seconds between two deliveries


class Bandwidth(Stage):
    """Passes at most `rate` thousand bytes a second on, per connection and direction; 0 or less passes nothing.

    What may pass is counted from the time that really went by, so that the rate holds however late a timer is.
    """

    type = "bandwidth"
    attributes: ClassVar[Mapping[str, str]] = {"rate": "int64"}

    def __init__(self, toxic: Toxic, pipe: Direction, seed: str) -> None:
        super().__init__(toxic, pipe, seed)
        self._waiting: deque[bytes | End] = deque()
        self._timer: Timer | None = None
        self._counted = 0.0
        self._resize()

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return max(0.0, float(self.toxic["rate"]) * 1000)

    def _resize(self) -> None:
        """A slow line's queue holds little, or the sender would not notice for long; a fast one's a few deliveries."""
        self.window = int(min(max(64 * KIB, self.rate * 0.02), 8192 * KIB))

    def take(self, data: bytes) -> None:
        self._push(data)
        self.holds(self.held + len(data))

    def end(self, how: End) -> None:
        self._push(how)

    def _push(self, item: bytes | End) -> None:
        if not self._waiting:
            self._counted = max(self._counted, time.monotonic() - CREDIT)
        self._waiting.append(item)
        if self._timer is None:
            self._schedule()

    def _schedule(self) -> None:
        if self.rate <= 0 and self.held:
            return
        if not self.held and isinstance(self._waiting[0], End):
            self._fire()
            return
        pause = min(max(SEGMENT / self.rate, MIN_PAUSE), MAX_PAUSE) if self.rate else 0.0
        due = self._counted + min(pause, self.held / self.rate) if self.rate else 0.0
        self._timer = self.timers.at(due, self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = time.monotonic()
        allowed = int((now - self._counted) * self.rate + 1e-3)
        if self.rate:
            self._counted = min(now, self._counted + allowed / self.rate)
        while self._waiting and (allowed > 0 or isinstance(self._waiting[0], End)):
            item = self._waiting.popleft()
            if isinstance(item, End):
                self.next.end(item)
                continue
            if len(item) > allowed:
                self._waiting.appendleft(item[allowed:])
                item = item[:allowed]
            allowed -= len(item)
            self.holds(self.held - len(item))
            self.next.feed(item)
        if self._waiting:
            self._schedule()
        elif self.rate:
            self._counted -= allowed / self.rate

    def changed(self) -> None:
        self.stop()
        self._resize()
        if self._waiting:
            self._counted = time.monotonic()
            self._schedule()
        self.pipe.throttle()

    def release(self) -> None:
        while self._waiting:
            item = self._waiting.popleft()
            if isinstance(item, End):
                self.next.end(item)
            else:
                self.holds(self.held - len(item))
                self.next.feed(item)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
