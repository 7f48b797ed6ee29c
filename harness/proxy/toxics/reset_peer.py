"""Connection reset by peer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ._deadline import Deadline
from .base import End


class ResetPeer(Deadline):
    """Resets both ends of the connection `timeout` milliseconds after the toxic met it: new or old, busy or idle.
    Until then the bytes of its direction are dropped, as by the original."""

    type = "reset_peer"
    attributes: ClassVar[Mapping[str, str]] = {"timeout": "int64"}

    def take(self, data: bytes) -> None:  # noqa: ARG002 - it is dropped
        self.swallow()

    def end(self, how: End) -> None:
        if how is End.EOF:
            self.swallow()  # the reset is still to come
        else:
            self.next.end(how)

    def strike(self) -> None:
        self.close(End.RESET)

    def release(self) -> None:
        if self.swallowed:
            self.strike()  # bytes are missing: the connection cannot go on as if nothing had happened
