"""A service that is slow to accept."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import ClassVar

from ..timers import FOREVER
from .base import Admission, Stage, Toxic


class SlowConnect(Stage):
    """Waits before it dials the upstream, for a time from [delay - jitter, delay + jitter) milliseconds. The client is
    connected to the proxy meanwhile; what it sends is delivered afterwards. Those that wait are dialled at once when
    the toxic is removed. Connections that are made already do not notice."""

    type = "slow_connect"
    attributes: ClassVar[Mapping[str, str]] = {"delay": "int64", "jitter": "int64"}

    at_connect = True

    @classmethod
    def admit(cls, toxic: Toxic, admission: Admission) -> None:
        draw = random.Random(admission.seed).random() * 2 - 1  # noqa: S311 - chance that can be repeated
        admission.delay = min(max(0.0, (toxic["delay"] + draw * toxic["jitter"]) * 1e-3), FOREVER)
