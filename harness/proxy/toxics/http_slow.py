"""A web service that takes longer for some requests."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import ClassVar

from ..timers import Timer
from ._http import HttpRequests
from .base import Direction, End, Toxic


class HttpSlow(HttpRequests):
    """A `fraction` of the requests whose path is like one of `paths` and whose method is one of `methods` reaches the
    service `delay` milliseconds later. What follows on the same connection waits for it.
    """

    type = "http_slow"
    attributes: ClassVar[Mapping[str, str]] = {
        "delay": "int64", "paths": "strings", "methods": "strings", "fraction": "float32",
    }  # fmt: skip

    def __init__(self, toxic: Toxic, pipe: Direction, seed: str) -> None:
        super().__init__(toxic, pipe, seed)
        self._waiting: deque[bytes | End] = deque()
        self._due = 0.0  # before then nothing passes
        self._timer: Timer | None = None

    def request(self, data: bytes) -> bytes:
        if self.meant(data):
            self.toxic.bytes += len(data)
            self._due = max(self._due, time.monotonic()) + self.toxic.seconds("delay")
        return data

    def pass_on(self, data: bytes) -> None:
        self._push(data)

    def end(self, how: End) -> None:
        self.flush()
        self._push(how)

    def _push(self, item: bytes | End) -> None:
        self._waiting.append(item)
        if not isinstance(item, End):
            self.holds(self.held + len(item))
        if self._timer is None:
            self._go_on()

    def _go_on(self) -> None:
        self._timer = None
        if time.monotonic() < self._due:
            self._timer = self.timers.at(self._due, self._go_on)
            return
        while self._waiting:
            item = self._waiting.popleft()
            if isinstance(item, End):
                self.next.end(item)
            else:
                self.holds(self.held - len(item))
                self.next.feed(item)

    def release(self) -> None:
        self._due = 0.0
        self.stop()
        self._go_on()
        super().release()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
