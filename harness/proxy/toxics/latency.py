"""Everything arrives later."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import ClassVar

from ..timers import FOREVER, Timer
from .base import KIB, Direction, End, Stage, Toxic


class Latency(Stage):
    """Delays each chunk by a time drawn from [latency - jitter, latency + jitter), counted from its arrival.

    Order is kept: a chunk never overtakes the one before it. The end of the stream is delayed as well.
    """

    type = "latency"
    attributes: ClassVar[Mapping[str, str]] = {"latency": "int64", "jitter": "int64"}
    window = 8192 * KIB  # what can be on its way: more is faster over a long delay, and takes more memory

    def __init__(self, toxic: Toxic, pipe: Direction, seed: str) -> None:
        super().__init__(toxic, pipe, seed)
        self._waiting: deque[tuple[float, float, bytes | End]] = deque()
        self._timer: Timer | None = None

    def take(self, data: bytes) -> None:
        self._push(data)
        self.holds(self.held + len(data))

    def end(self, how: End) -> None:
        self._push(how)

    def _push(self, item: bytes | End) -> None:
        draw = self.random.random() * 2 - 1 if self.toxic["jitter"] else 0.0
        self._waiting.append((time.monotonic(), draw, item))
        if self._timer is None:
            self._schedule()

    def _due(self) -> float:
        arrived, draw, _ = self._waiting[0]
        delay: float = (self.toxic["latency"] + draw * self.toxic["jitter"]) * 1e-3
        return arrived + min(max(delay, 0.0), FOREVER)

    def _schedule(self) -> None:
        self._timer = self.timers.at(self._due(), self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = time.monotonic()
        while self._waiting and self._due() <= now:
            self._pass()
        if self._waiting:
            self._schedule()

    def _pass(self) -> None:
        item = self._waiting.popleft()[2]
        if isinstance(item, End):
            self.next.end(item)
        else:
            self.holds(self.held - len(item))
            self.next.feed(item)

    def changed(self) -> None:
        self.stop()
        if self._waiting:
            self._schedule()

    def release(self) -> None:
        while self._waiting:
            self._pass()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
