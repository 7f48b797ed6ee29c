"""When the requests of an access log came: the common and combined formats, and JSON lines."""

from __future__ import annotations

import calendar
import json
import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness import reading
from harness.errors import UsageError

FIELDS = (
    "time",
    "ts",
    "timestamp",
    "@timestamp",
    "time_local",
    "time_iso8601",
    "date",
)  # of a JSON line, in this order
_COMMON = re.compile(rb"\[(\d{2})/([A-Z][a-z]{2})/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})\]")
_MONTHS = {name.encode(): number for number, name in enumerate(calendar.month_abbr) if name}
MAX_LINE_BYTES = 1 << 16  # bytes of a line; what is longer counts as several, of which at most the first has a time
_SECONDS = 1e12  # a number beyond that is in milliseconds


def times_of(path: Path, most: int) -> npt.NDArray[np.float64]:
    """The times of a log's requests in seconds since its first one, ascending.

    Many logs know whole seconds only: requests of one second are then spread over it evenly, and not sent at once.

    Args:
        most: so many requests are read at most.

    Raises:
        UsageError: it cannot be read, or none of its first lines has a time.
    """
    found: list[float] = []
    unread = 0
    try:
        with open(reading.opened(path), "rb") as file:  # noqa: PTH123  (a descriptor)
            for line in iter(partial(file.readline, MAX_LINE_BYTES), b""):
                moment = _time(line)
                if moment is None:
                    unread += bool(line.strip())
                    if not found and unread >= 100:
                        break
                else:
                    found.append(moment)
                if len(found) >= most:
                    break
    except OSError as error:
        raise reading.unreadable(error, "The access log", where=str(path)) from error
    if not found:
        raise UsageError(
            "This is not an access log",
            where=str(path),
            got=f"{unread} lines without a time" if unread else "an empty file",
            expected="lines with [04/Apr/2012:00:45:00 -0700], or JSON lines with " + ", ".join(FIELDS[:3]) + ", ...",
        )
    return _spread(np.sort(np.asarray(found)))


def _spread(moments: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    whole = bool((moments == np.floor(moments)).all())
    if whole:
        _, begin, counts = np.unique(moments, return_index=True, return_counts=True)
        moments = moments + (np.arange(len(moments)) - np.repeat(begin, counts)) / np.repeat(counts, counts)
    return np.asarray(moments - moments[0], dtype=np.float64)


def _time(line: bytes) -> float | None:
    if line.lstrip().startswith(b"{"):
        try:
            raw: Any = json.loads(line)
        except (ValueError, RecursionError):
            return None
        return next((_moment(raw[name]) for name in FIELDS if name in raw), None)
    match = _COMMON.search(line)
    if match is None or match[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(match[number]) for number in (1, 3, 4, 5, 6))
    try:
        local = datetime(year, _MONTHS[match[2]], day, hour, minute, min(second, 59), tzinfo=UTC).timestamp()
    except ValueError:
        return None
    offset = 3600 * int(match[8]) + 60 * int(match[9])
    return local - offset if match[7] == b"+" else local + offset


def _moment(value: Any) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) / 1000.0 if value > _SECONDS / 10.0 else float(value)
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
