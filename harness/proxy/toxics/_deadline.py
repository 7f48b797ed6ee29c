"""What the toxics share that end a connection at a time."""

from __future__ import annotations

import time

from ..timers import Timer
from .base import Direction, Stage, Toxic


class Deadline(Stage):
    """Calls `strike` once, at `due`; whatever passes meanwhile does not put it off."""

    def __init__(self, toxic: Toxic, pipe: Direction, seed: str) -> None:
        super().__init__(toxic, pipe, seed)
        self.since = time.monotonic()
        self.swallowed = False
        self._timer: Timer | None = None

    def due(self) -> float | None:
        """A time of `time.monotonic`, or None for never."""
        return self.since + self.toxic.seconds("timeout")

    def strike(self) -> None:
        raise NotImplementedError

    def swallow(self) -> None:
        self.swallowed = True

    def start(self) -> None:
        self.changed()

    def changed(self) -> None:
        self.stop()
        due = self.due()
        if due is None:
            return
        if due <= time.monotonic():
            self.strike()
        else:
            self._timer = self.timers.at(due, self.strike)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
