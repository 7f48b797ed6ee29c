"""Times as loggers write them: ISO 8601 and what is close to it, RFC 2822, syslog, Apache, nginx, and objects."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

_UTC = re.compile(r"\s*(?:[+-]00:?00\s+)?(?:UTC|GMT|Z)(?:\s+m=\S+)?$")
_FRACTION = re.compile(r"[.,](\d{1,9})(?=\D|$)")
_SYSLOG = re.compile(
    r"(?:(?P<before>\d{4}) )?(?:[A-Z][a-z]{2},? )?(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?:(?P<behind>\d{4}),? )?"
    r"(?P<clock>\d\d:\d\d:\d\d)(?P<fraction>[.,]\d+)?(?: (?P<last>\d{4}))?:?"
)
_WORDS = re.compile(r"(\d{1,2})[ -]([A-Z][a-z]{2})[ -](\d{4}) (\d\d:\d\d:\d\d)(?:[.,](\d{1,6}))?")
_SLASHED = ("%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M:%S %z")


def of_text(text: str, zone: float, now: float | None) -> float | None:
    """Unix time of a time in text; None where it has none of the forms that are known.

    Args:
        zone: seconds east of UTC, where the text names no zone.
        now: Unix time, where it names no year; None: the present.
    """
    text = text.strip(" []")
    local = timezone(timedelta(seconds=zone)) if zone else UTC
    for form in (_iso, _zoned, _slashed, _syslog, _worded, _mailed):
        try:
            found = form(text, local, now)
        except (ValueError, OverflowError, IndexError, TypeError):
            continue
        if found is not None:
            return (found if found.tzinfo is not None else found.replace(tzinfo=local)).timestamp()
    return None


def of_object(value: Mapping[str, Any], zone: float, now: float | None) -> float | None:
    """Of an object that holds a time: Monolog's `{"date", "timezone_type", "timezone"}`, MongoDB's `{"$date"}`."""
    text, name = value.get("date", value.get("$date")), value.get("timezone")
    if isinstance(text, Mapping):
        text = text.get("$numberLong")
    if isinstance(text, str) and text.lstrip("-").isdigit():
        text = int(text)
    if isinstance(text, int) and not isinstance(text, bool):
        return text / 1e3
    if not isinstance(text, str):
        return None
    if isinstance(name, str):
        try:
            return datetime.fromisoformat(text).replace(tzinfo=_named(name)).timestamp()
        except (ValueError, OSError, KeyError, OverflowError):
            return None
    return of_text(text, zone, now)


def _named(name: str) -> tzinfo:
    """A zone by its offset, or by its name. ValueError, KeyError where there is none."""
    if name in ("UTC", "GMT", "Z"):
        return UTC
    if name[:1] in "+-":
        found = datetime.strptime(name, "%z").tzinfo
        assert found is not None
        return found
    return ZoneInfo(name)


def _iso(text: str, local: tzinfo, now: float | None) -> datetime:  # noqa: ARG001 - as all forms
    return datetime.fromisoformat(text)


def _zoned(text: str, local: tzinfo, now: float | None) -> datetime | None:  # noqa: ARG001
    """`2026-11-28 11:00:00.250 UTC`, as Rails, PostgreSQL and Go write it."""
    plain = _UTC.sub("", text)
    return datetime.fromisoformat(plain).replace(tzinfo=UTC) if plain != text else None


def _slashed(text: str, local: tzinfo, now: float | None) -> datetime | None:  # noqa: ARG001
    """`28/Nov/2026:11:00:00 +0000` as Apache and HAProxy write it, `2026/11/28 11:00:00` as nginx and Go do."""
    if "/" not in text:
        return None
    fraction = _FRACTION.search(text)
    plain = _FRACTION.sub("", text, count=1)
    for form in _SLASHED:
        try:
            found = datetime.strptime(plain, form)
        except ValueError:
            continue
        return found + timedelta(seconds=float(f"0.{fraction[1]}")) if fraction else found
    return None


def _syslog(text: str, local: tzinfo, now: float | None) -> datetime | None:
    """`Nov 28 11:00:00`, with a year before it, behind the day or at the end, or with none: then the one by which it is
    closest to now.
    """
    found = _SYSLOG.fullmatch(text)
    if found is None:
        return None
    year = found["before"] or found["behind"] or found["last"]
    fraction = timedelta(seconds=float("0" + found["fraction"].replace(",", "."))) if found["fraction"] else timedelta()

    def at(year: str) -> datetime:
        made = datetime.strptime(f"{year} {found['month']} {found['day']} {found['clock']}", "%Y %b %d %H:%M:%S")
        return made.replace(tzinfo=local) + fraction

    if year:
        return at(year)
    present = datetime.fromtimestamp(time.time() if now is None else now, UTC)
    return _closest([str(present.year + step) for step in (-1, 0, 1)], at, present)


def _closest(years: list[str], at: Callable[[str], datetime], present: datetime) -> datetime | None:
    made: list[datetime] = []
    for year in years:
        try:
            made.append(at(year))
        except ValueError:  # 29 February
            continue
    return min(made, key=lambda one: abs(one - present), default=None)


def _worded(text: str, local: tzinfo, now: float | None) -> datetime | None:  # noqa: ARG001
    """`28 Nov 2026 11:00:00.250`, as log4j and Redis write it, `28-Nov-2026 11:00:00` as PHP does."""
    found = _WORDS.fullmatch(_UTC.sub("", text))
    if found is None:
        return None
    made = datetime.strptime(f"{found[1]} {found[2]} {found[3]} {found[4]}", "%d %b %Y %H:%M:%S")
    made = made.replace(tzinfo=UTC) if _UTC.search(text) else made
    return made + timedelta(seconds=float(f"0.{found[5]}")) if found[5] else made


def _mailed(text: str, local: tzinfo, now: float | None) -> datetime:  # noqa: ARG001
    """`Sat, 28 Nov 2026 11:00:00 +0000` or `GMT`: RFC 2822."""
    return parsedate_to_datetime(text)
