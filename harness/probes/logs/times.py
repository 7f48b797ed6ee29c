"""The times that records carry, against the moment they appeared and against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.events import log
from harness.probes.logs import texts

LARGEST = 1e11  # from here on a number counts no seconds
_UNITS = ((1e17, 1e9), (1e14, 1e6), (LARGEST, 1e3))  # from this size on a number counts nano-, micro-, milliseconds


def seconds(value: Any, zone: float = 0.0, now: float | None = None) -> float | None:
    """Unix time of a record's time: a number, or a text or an object in a form of `texts.py`; None where it is neither.

    Args:
        zone: seconds east of UTC, where the text names no zone.
        now: Unix time, where the text names no year; left out, the present.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        size = abs(value)
        return float(value) / next((unit for least, unit in _UNITS if size >= least), 1.0)
    if isinstance(value, dict):
        return texts.of_object(value, zone, now)
    if not isinstance(value, str):
        return None
    if "." in value and value.replace(".", "", 1).isdigit():
        return seconds(float(value))
    found = texts.of_text(value, zone, now)
    if found is not None:
        return found
    try:
        return seconds(float(value))
    except (ValueError, OverflowError):
        return None


def all_seconds(values: list[Any], zone: float = 0.0, now: float | None = None) -> list[float | None]:
    """`seconds` of each. Floats, as most loggers write them, are what they are."""
    if set(map(type, values)) == {float} and min(values) > -LARGEST and max(values) < LARGEST:
        return values
    return [seconds(value, zone, now) for value in values]


class RecordTimes:
    """Judges the times of one window.

    Attributes:
        unreadable: records whose time is missing or invalid.
        backward, step: records with a time before the one of an earlier record by more than the tolerance, and the
            largest such step, s.
        ahead, lead: records with a time in the future, and how far, s.
        late: records that appeared later than their time says, by more than the tolerance, counted twice over:
            `blocks` in one look with much newer ones (the writer holds them back), `stale` without (their times are
            wrong, or they are old). A record is late when it was not there at a look after its time.
        lag: the longest that one was late, s.
        worst: its time.
    """

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance
        self.unreadable = self.backward = self.ahead = self.blocks = self.stale = 0
        self.step = self.lead = self.lag = 0.0
        self.worst: float | None = None
        self._newest: float | None = None

    def begin(self) -> None:
        """Begin another file: its first record may be older than the last one of the file before."""
        self._newest = None

    def add(self, found: list[float], looked: float, now: float) -> None:
        """Take the times of the records that one look found, in their order.

        Args:
            looked: when the file was last read to its end, by the replica's clock.
            now: the present, by the replica's clock.
        """
        if not found:
            return
        oldest, newest = min(found), max(found)
        if newest > now + self._tolerance:
            self.ahead += sum(time > now + self._tolerance for time in found)
            self.lead = max(self.lead, newest - now)
        if oldest < looked - self._tolerance:
            late = sum(time < looked - self._tolerance for time in found)
            if looked - newest > (looked - oldest) / 2:
                self.stale += late
            else:
                self.blocks += late
            if looked - oldest > self.lag:
                self.lag, self.worst = looked - oldest, oldest
        before = self._newest
        if (before is not None and oldest < before) or found != sorted(found):
            self._order(found, before)
        self._newest = newest if before is None else max(newest, before)

    def _order(self, found: Sequence[float], newest: float | None) -> None:
        high = newest if newest is not None else found[0]
        for time in found:
            if time < high - self._tolerance:
                self.backward += 1
                self.step = max(self.step, high - time)
            elif time > high:
                high = time

    def fields(self) -> log.Times:
        """For `probe.log`."""
        return log.Times(
            self.unreadable, self.backward, round(self.step, 3), self.ahead, round(self.lead, 3), self.blocks,
            self.stale, round(self.lag, 3), self.worst,
        )  # fmt: skip
