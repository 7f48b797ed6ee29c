"""Events by kind and fields, as a file has them: for tests of what a history may hold, whole or not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.checks import given
from harness.events import Raw, encode
from harness.history import Event
from harness.verdict import Verdict


def raw(kind: str, /, **data: Any) -> Raw:
    """The body of any kind, with these fields alone."""
    return Raw(kind, data)


def select(events: Iterable[Event], kind: str, **data: Any) -> tuple[Event[Any], ...]:
    """The events of a kind whose data has these values, in order."""
    return tuple(one for one in events if one.kind == kind and all(one.data.get(key) == data[key] for key in data))


def fields(verdict: Verdict) -> dict[str, Any]:
    """Those of the event of a verdict."""
    return encode(given(verdict))
