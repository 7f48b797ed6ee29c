"""A connection that does not live long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ._deadline import Deadline
from .base import End


class CutAfter(Deadline):
    """Ends the connection `timeout` milliseconds after it was opened, whether the toxic was there then or not. Bytes
    pass until then. With `reset` it ends in a reset, else in a close."""

    type = "cut_after"
    attributes: ClassVar[Mapping[str, str]] = {"timeout": "int64", "reset": "bool"}

    def due(self) -> float:
        return self.pipe.link.opened + self.toxic.seconds("timeout")

    def strike(self) -> None:
        self.close(End.RESET if self.toxic["reset"] else End.CLOSE)
