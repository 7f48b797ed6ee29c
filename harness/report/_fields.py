"""Fields of events as they should be, whatever a damaged or foreign history holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def number(value: object) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def items(value: object) -> list[Any]:
    """The value as a list; empty where it is not one."""
    return list(value) if isinstance(value, list | tuple) else []


def mapping(value: object) -> Mapping[str, Any]:
    """The value as a mapping; empty where it is not one."""
    return value if isinstance(value, Mapping) else {}


def words(value: object) -> str:
    """A command as it is typed."""
    return " ".join(str(word) for word in items(value))


def event_id(value: object) -> int:
    """The value as the id of another event; -1, which no event has, where it is not one."""
    return value if isinstance(value, int) and not isinstance(value, bool) else -1
