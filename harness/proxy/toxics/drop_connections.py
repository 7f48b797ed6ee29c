"""A service that does not take every connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from .base import Admission, End, Stage, Toxic


class DropConnections(Stage):
    """Ends new connections before the upstream is dialled: the `first` so many since the toxic was added, or, with
    0, every one. Which fraction of them, the toxicity says. With `reset` they end in a reset, else in a close.
    Open connections do not notice."""

    type = "drop_connections"
    attributes: ClassVar[Mapping[str, str]] = {"first": "int64", "reset": "bool"}

    at_connect = True

    @classmethod
    def admit(cls, toxic: Toxic, admission: Admission) -> None:
        if 0 < toxic["first"] <= toxic.closed:
            return
        toxic.closed += 1
        admission.refuse = End.RESET if toxic["reset"] else End.CLOSE
