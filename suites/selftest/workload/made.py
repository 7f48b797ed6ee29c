"""Specs of one request, written flat."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

from harness.workload import Request, Schedule, Spec

_OF_A_REQUEST = {field.name for field in dataclasses.fields(Request)}


def spec(port: int = 80, *, rate: float = 50.0, **changes: Any) -> Spec:
    """The fields of a request go to the one request; `rate` is that of a constant schedule, unless one is given."""
    fields = {"expected": (202,), **changes}
    request = Request(**{name: value for name, value in fields.items() if name in _OF_A_REQUEST})
    rest = {name: value for name, value in fields.items() if name not in _OF_A_REQUEST}
    return Spec("127.0.0.1", port, **{"schedule": Schedule(rate=rate), "requests": (request,), "timeout": 20.0, **rest})


def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
