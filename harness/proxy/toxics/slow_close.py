"""A connection that takes its time to close."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import ClassVar

from ..timers import Timer
from .base import Direction, End, Stage, Toxic


class SlowClose(Stage):
    """Delays the end of the stream by `delay` milliseconds. Bytes pass at once."""

    type = "slow_close"
    attributes: ClassVar[Mapping[str, str]] = {"delay": "int64"}

    def __init__(self, toxic: Toxic, pipe: Direction, seed: str) -> None:
        super().__init__(toxic, pipe, seed)
        self._ended: tuple[float, End] | None = None
        self._timer: Timer | None = None

    def end(self, how: End) -> None:
        self.stop()
        self._ended = (time.monotonic(), how)
        self.changed()

    def changed(self) -> None:
        if self._ended is not None:
            self.stop()
            self._timer = self.timers.at(self._ended[0] + self.toxic.seconds("delay"), self.release)

    def release(self) -> None:
        if self._ended is not None:
            how, self._ended = self._ended[1], None
            self.next.end(how)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
