"""Many small packets."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import ClassVar

from ..timers import Timer
from .base import Direction, End, Stage, Toxic


class Slicer(Stage):
    """Cuts what arrives into packets of `average_size` bytes, more or less by up to `size_variation`, with `delay`
    microseconds between them. An average size of 0 or less does not cut."""

    type = "slicer"
    attributes: ClassVar[Mapping[str, str]] = {"average_size": "int64", "size_variation": "int64", "delay": "int64"}

    def __init__(self, toxic: Toxic, pipe: Direction, seed: str) -> None:
        super().__init__(toxic, pipe, seed)
        self._waiting: deque[bytes | End] = deque()
        self._offset = 0  # how much of the first one is gone
        self._free = 0.0  # when the next packet may leave
        self._timer: Timer | None = None

    def take(self, data: bytes) -> None:
        self._waiting.append(data)
        self.holds(self.held + len(data))
        self._schedule()

    def end(self, how: End) -> None:
        self._waiting.append(how)
        self._schedule()

    def _schedule(self) -> None:
        """One packet for each round of the event loop, which would write several as one."""
        if self._timer is None and self._waiting:
            self._timer = self.timers.at(self._free, self._fire)

    def _fire(self) -> None:
        self._timer = None
        item = self._waiting[0]
        if isinstance(item, End):
            self._waiting.popleft()
            self.next.end(item)
        else:
            self._free = time.monotonic() + min(self.toxic.seconds("delay", 1e-6), 1e6)
            self._cut(item)
        self._schedule()

    def _cut(self, item: bytes) -> None:
        size = self._size()
        piece = item[self._offset : self._offset + size] if size else item[self._offset :]
        self._offset += len(piece)
        if self._offset >= len(item):
            self._waiting.popleft()
            self._offset = 0
        self.holds(self.held - len(piece))
        self.next.feed(piece)

    def _size(self) -> int:
        average, variation = int(self.toxic["average_size"]), abs(int(self.toxic["size_variation"]))
        if average <= 0:
            return 0
        return max(1, average + (self.random.randint(-variation, variation) if variation else 0))

    def changed(self) -> None:
        self.stop()
        self._free = min(self._free, time.monotonic() + self.toxic.seconds("delay", 1e-6))
        self._schedule()

    def release(self) -> None:
        while self._waiting:
            item = self._waiting.popleft()
            if isinstance(item, End):
                self.next.end(item)
                continue
            rest, self._offset = item[self._offset :], 0
            self.holds(self.held - len(rest))
            self.next.feed(rest)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
