"""A black hole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ._deadline import Deadline
from .base import End


class Timeout(Deadline):
    """Drops every byte, and closes the connection `timeout` milliseconds after the toxic met it, however much is sent
    meanwhile. With 0 it never closes, until the toxic is removed: then it does, since bytes are missing."""

    type = "timeout"
    attributes: ClassVar[Mapping[str, str]] = {"timeout": "int64"}

    def due(self) -> float | None:
        return super().due() if self.toxic["timeout"] > 0 else None

    def take(self, data: bytes) -> None:  # noqa: ARG002 - it is dropped
        self.swallow()

    def end(self, how: End) -> None:
        if how is End.EOF:
            self.swallow()  # who is in a black hole cannot say goodbye
        else:
            self.next.end(how)

    def strike(self) -> None:
        self.close(End.CLOSE)

    def release(self) -> None:
        self.strike()
