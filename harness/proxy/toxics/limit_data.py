"""A connection that ends in the middle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from .base import Direction, End, Stage, Toxic


class LimitData(Stage):
    """Closes the connection once `bytes` have passed. The count goes on when the attribute changes."""

    type = "limit_data"
    attributes: ClassVar[Mapping[str, str]] = {"bytes": "int64"}

    def __init__(self, toxic: Toxic, pipe: Direction, seed: str) -> None:
        super().__init__(toxic, pipe, seed)
        self._passed = 0

    def take(self, data: bytes) -> None:
        left = max(0, self.toxic["bytes"] - self._passed)
        if len(data) < left:
            self._passed += len(data)
            self.next.feed(data)
            return
        self._passed += left
        if left:
            self.next.feed(data[:left])
        self.close(End.CLOSE)
