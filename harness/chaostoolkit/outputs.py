"""What an activity gave, as an event can hold it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

LONGEST = 4000  # characters of a text
MOST = 200  # items of a list or mapping
DEEPEST = 12  # levels


def plain(value: Any, deep: int = 0) -> Any:
    """The value as JSON can hold it; what is too long or too deep is cut, and says so."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes | bytearray):
        return plain(bytes(value).decode("utf-8", "replace"), deep)
    if isinstance(value, str):
        more = len(value) - LONGEST
        return value if more <= 0 else f"{value[:LONGEST]} ... ({more} characters more)"
    if deep >= DEEPEST:
        return "... (deeper)"
    if isinstance(value, Mapping):
        items = list(value.items())
        made = {str(key): plain(one, deep + 1) for key, one in items[:MOST]}
        return made if len(items) <= MOST else {**made, "...": f"{len(items) - MOST} more"}
    if isinstance(value, list | tuple | set | frozenset):
        every = list(value)
        cut = [plain(one, deep + 1) for one in every[:MOST]]
        return cut if len(every) <= MOST else [*cut, f"... ({len(every) - MOST} more)"]
    return plain(_said(value), deep)


def _said(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # whatever somebody else's class does
        return f"a {type(value).__name__} that cannot be written ({type(error).__name__})"
