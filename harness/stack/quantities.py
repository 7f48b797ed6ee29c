"""Durations, rates, percentages and sizes, as they are written in a Compose file and an `x-harness` block.

Every function raises ValueError with what would have been right; units of the results are seconds, per second,
fractions of 1 and bytes.
"""

from __future__ import annotations

import math
import re

NUMBER = r"(?:[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})"
DURATION = rf"(?:{NUMBER}(?:us|µs|ms|s|m|h))+"
RATE = rf"{NUMBER}/(?:s|m|h)"
PERCENTAGE = rf"{NUMBER}%"
SIZE = rf"({NUMBER})\s*([kmgt]?i?b?)"

# The same for JSON Schema, where patterns are ECMAScript's and have to be anchored.
DURATION_PATTERN = r"^(([0-9]+(\.[0-9]*)?|\.[0-9]+)(us|ms|s|m|h))+$|^0$"
RATE_PATTERN = r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)/(s|m|h)$"
PERCENTAGE_PATTERN = r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)%$"

_UNITS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
MAX_SECONDS = 366 * 24 * 3600.0


def seconds(written: str) -> float:
    """`1m30s`, `1.5s`, `500ms` as seconds."""
    if written == "0":
        return 0.0
    if not re.fullmatch(DURATION, written):
        raise ValueError('a duration with its unit, such as "500ms", "1.5s" or "2m"')
    total = math.fsum(
        float(number) * _UNITS[unit] for number, unit in re.findall(rf"({NUMBER})(us|µs|ms|s|m|h)", written)
    )
    if total > MAX_SECONDS:
        raise ValueError("a duration of a year or less")
    return total


def per_second(written: str) -> float:
    """`50/s`, `3000/m` as a number per second, more than 0."""
    if not re.fullmatch(RATE, written):
        raise ValueError('a rate, such as "50/s" or "3000/m"')
    number, unit = written.split("/")
    rate = float(number) / _UNITS[unit]
    if not rate > 0:
        raise ValueError('a rate above 0, such as "50/s"')
    return rate


def fraction(written: str) -> float:
    """`10%` as 0.1; at most 100%."""
    if not re.fullmatch(PERCENTAGE, written):
        raise ValueError('a percentage, such as "10%"')
    value = float(written[:-1]) / 100
    if value > 1:
        raise ValueError("a percentage of 100% or less")
    return value


def size(written: str) -> int:
    """`64m`, `1.5gb`, `1024` as bytes; k is 1024."""
    match = re.fullmatch(SIZE, written.strip().lower())
    if not match:
        raise ValueError('a size, such as "64m" or "1.5g"')
    power = "kmgt".find(match[2][0]) + 1 if match[2] else 0
    return int(float(match[1]) * 1024**power)
