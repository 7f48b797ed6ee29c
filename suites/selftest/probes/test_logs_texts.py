"""The forms in which loggers write times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

import pytest

from harness.probes.logs.times import all_seconds, seconds

NOW = datetime(2026, 11, 28, 11, 0, 0, 250_000, tzinfo=UTC).timestamp()
FORMS: dict[str, Any] = {
    "Python's logging": "2026-11-28 11:00:00,250",
    "Go, RFC 3339": "2026-11-28T11:00:00.250000001Z",
    "Go, as text": "2026-11-28 11:00:00.25 +0000 UTC m=+0.012",
    "Java": "2026-11-28T11:00:00.250+0000",
    "log4j": "28 Nov 2026 11:00:00,250",
    "Monolog 1": {"date": "2026-11-28 11:00:00.250000", "timezone_type": 3, "timezone": "UTC"},
    "Monolog 1, an offset": {"date": "2026-11-28 13:00:00.250000", "timezone_type": 1, "timezone": "+02:00"},
    "Monolog 2": "2026-11-28T11:00:00.250000+00:00",
    "MongoDB": {"$date": "2026-11-28T11:00:00.250+00:00"},
    "MongoDB, a number": {"$date": {"$numberLong": "1795863600250"}},
    "pino": int(NOW * 1000),
    "zap": NOW,
    "zap, as text": str(NOW),
    "nanoseconds": int(NOW * 1e9),
    "RFC 2822": "Sat, 28 Nov 2026 11:00:00 +0000",
    "RFC 2822, GMT": "Sat, 28 Nov 2026 11:00:00 GMT",
    "RFC 2822, elsewhere": "Sat, 28 Nov 2026 13:00:00 +0200",
    "syslog": "Nov 28 11:00:00",
    "syslog, a year behind": "Nov 28 2026 11:00:00",
    "syslog, a year before": "2026 Nov 28 11:00:00",
    "C's ctime": "Sat Nov 28 11:00:00 2026",
    "Apache's errors": "Sat Nov 28 11:00:00.250000 2026",
    "Apache": "[28/Nov/2026:11:00:00 +0000]",
    "HAProxy": "28/Nov/2026:11:00:00.250",
    "nginx's errors": "2026/11/28 11:00:00",
    "PHP": "28-Nov-2026 11:00:00 UTC",
    "Rails": "2026-11-28 11:00:00 UTC",
    "PostgreSQL": "2026-11-28 11:00:00.250 GMT",
    "Ruby": "2026-11-28 11:00:00 +0000",
}
if "Europe/Berlin" in available_timezones():  # where this machine has a database of them
    place = {"date": "2026-11-28 12:00:00.250000", "timezone_type": 3, "timezone": "Europe/Berlin"}
    FORMS["Monolog 1, a place"] = place


@pytest.mark.parametrize("form", FORMS)
def test_a_time_is_read_in_the_form_of(form: str) -> None:
    found = seconds(FORMS[form], now=NOW)
    assert found is not None
    assert abs(found - NOW) < 0.2501


def test_fractions_are_kept() -> None:
    for form in ("HAProxy", "log4j", "PostgreSQL", "Apache's errors", "Monolog 1"):
        assert seconds(FORMS[form], now=NOW) == pytest.approx(NOW)


NOWHERE = {"date": "2026-11-28 11:00:00", "timezone": "Nowhere/Land"}
NO_TIMES = [
    "",
    "soon",
    "Nov 31 11:00:00",
    "2026-13-01",
    {},
    {"date": 7.5},
    None,
    True,
    [1],
    NOWHERE,
    "99/Nov/2026:11:00",
]


@pytest.mark.parametrize("value", NO_TIMES)
def test_what_is_no_time_is_none(value: Any) -> None:
    assert seconds(value) is None


def test_a_time_without_a_zone_is_of_the_replicas() -> None:
    for text in (
        "2026-11-28 13:00:00.250",
        "28/Nov/2026:13:00:00.250",
        "28 Nov 2026 13:00:00,250",
        "Nov 28 13:00:00.250",
    ):
        assert seconds(text, 7200.0, NOW) == pytest.approx(NOW)
    for text in ("2026-11-28 11:00:00.250 UTC", "Sat, 28 Nov 2026 11:00:00 GMT"):
        assert seconds(text, 7200.0, NOW) == pytest.approx(NOW, abs=0.3)


def test_a_time_without_a_year_is_the_one_closest_to_now() -> None:
    newyear = datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC).timestamp()
    assert seconds("Dec 31 23:59:59", now=newyear) == newyear - 2
    assert seconds("Jan  1 00:00:03", now=newyear - 2) == newyear + 2
    leap = datetime(2028, 2, 29, 12, tzinfo=UTC).timestamp()
    assert seconds("Feb 29 12:00:00", now=leap) == leap
    assert all_seconds(["Dec 31 23:59:59", 7.0], 0.0, newyear) == [newyear - 2, 7.0]
