"""What a column holds in all, where its rows change under the load: which words, or numbers of which size.

The rows of such a column cannot be compared with those from before. But the old release, under the same load, writes
the same words and numbers of about the same size all the time. Words that it never wrote, and numbers a hundred times
as large, come from somewhere else: from the release that was taken back.

A profile is `{"rows": 500, "words": {"running": 310, "suspended": 190}}`, or `{"rows": 500, "low": 1, "high": 4,
"magnitudes": {"0": 310}, "sum": 402.0}`: the smallest and the largest number but for 0, and how many have which power
of ten. Of times it is `{"rows": 500, "ages": {"0": 300, "8": 190}, "ahead": {"3": 10}}`: how many are so many seconds
ago, or ahead, by power of ten; `"0"` is less than 10 s.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

SUFFIX = " (values)"  # of an item that is a profile
ROWS, WORDS = 20, 12  # of a table with fewer rows nothing is told, and of a column with more different words
SHARE = 5  # rows for each different word: where there are fewer, the words are names and no states
FEWEST = 5  # rows with something new
BY_CHANCE = 1e-3  # how likely it may be that the old release writes such things, and did not in the baseline
TIMES = 10.0  # as large as the largest was, and that much faster than it grew

_UNITS = (365 * 86400.0, "years"), (86400.0, "days"), (3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds")
_DIGITS = re.compile(r"\d+")
Profile = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Usual:
    """What a column was before and after some seconds in which nothing but the load changed it."""

    first: Profile
    second: Profile
    seconds: float


@dataclass(frozen=True, slots=True)
class Novelty:
    """What a column has, and never had on the old release.

    Attributes:
        rows: how many rows have something new.
        beyond: the limit that their numbers are beyond; None where it holds words or times.
        most: how large, or how small, the numbers were before.
        words: the new ones, each with its number of rows; none where it holds numbers.
        known: the words that it had.
        ages, ahead: powers of ten of seconds that new times are ago, or in the future.
    """

    rows: int
    beyond: float | None = None
    most: float = 0.0
    words: Mapping[str, int] = field(default_factory=dict)
    known: Sequence[str] = ()
    ages: Sequence[int] = ()
    ahead: Sequence[int] = ()

    def __str__(self) -> str:
        """`has values that it did not have: 'S' in 20 rows; before: running and suspended`."""
        rows = f"{self.rows} row{'s' if self.rows != 1 else ''}"
        if self.ages or self.ahead:
            spans = (f"{_span(powers)} {way}" for powers, way in ((self.ages, "ago"), (self.ahead, "ahead")) if powers)
            return f"has times {' and '.join(spans)} in {rows}, which it never had"
        if self.beyond is None:
            new = ", ".join(f"{word!r}" for word in self.words)
            return f"has {new} in {rows}, which it never had; before: {', '.join(map(repr, self.known))}"
        more = self.beyond > self.most
        words = ("more", "at most") if more else ("less", "at least")
        return f"has {self.beyond:g} or {words[0]} in {rows}; before: {words[1]} {self.most:g}"


def is_profile(item: Any) -> TypeGuard[Profile]:
    """Whether an item of `contents` is a profile."""
    return isinstance(item, Mapping) and any(kind in item for kind in ("words", "magnitudes", "ages"))


def novel(before: Profile, after: Profile, usual: Iterable[Usual], seconds: float) -> Novelty | None:
    """What is new after so many seconds, and did not come of the load on the old release; None where nothing surely is.

    The load that wrote `usual` would have written something that comes as often as this with a chance of 999 in
    1000. So the longer it goes on afterwards, the more rows have to show it.
    """
    usual = [one for one in usual if is_profile(one.first) and is_profile(one.second)]
    watched = sum(one.seconds for one in usual)
    if watched <= 0.0 or seconds <= 0.0:
        return None
    ratio = seconds / watched
    if "ages" in after:
        found = _times(before, after, usual, seconds)
    else:
        found = _words(before, after, usual) if "words" in after else _numbers(before, after, usual, ratio)
    return found if found is not None and found.rows >= max(FEWEST, -math.log(BY_CHANCE) * ratio) else None


def left(found: Novelty, after: Profile) -> Novelty | None:
    """What is left later on of something new; None where nothing is. A single record may be too many."""
    if found.ages or found.ahead:
        rows = _rows(after, "ages", found.ages) + _rows(after, "ahead", found.ahead)
        return Novelty(rows, ages=found.ages, ahead=found.ahead) if rows else None
    if found.beyond is None:
        words = {word: int(after["words"][word]) for word in found.words if word in after.get("words", {})}
        return Novelty(sum(words.values()), words=words, known=found.known) if words else None
    powers = {int(power): int(rows) for power, rows in (after.get("magnitudes") or {}).items()}
    if found.beyond > found.most:
        rows = sum(count for power, count in powers.items() if 10.0**power >= found.beyond)
    else:
        rows = sum(count for power, count in powers.items() if 10.0 ** (power + 1) <= found.beyond)
    return Novelty(rows, found.beyond, found.most) if rows else None


def _words(before: Profile, after: Profile, usual: Sequence[Usual]) -> Novelty | None:
    if "words" not in before or any("words" not in item for one in usual for item in (one.first, one.second)):
        return None
    known = {
        word for item in (before, *(i for one in usual for i in (one.first, one.second))) for word in item["words"]
    }
    counted = {_shape(word) for word in known if _DIGITS.search(word)}
    new = {
        word: int(rows) for word, rows in after["words"].items() if word not in known and _shape(word) not in counted
    }
    return Novelty(sum(new.values()), words=new, known=sorted(known))


def _shape(word: str) -> str:
    """A word with all its numbers alike: what counts up is no new word."""
    return _DIGITS.sub("0", word)


def _numbers(before: Profile, after: Profile, usual: Sequence[Usual], ratio: float) -> Novelty | None:
    items = [before, *(item for one in usual for item in (one.first, one.second))]
    if any("magnitudes" not in item for item in items) or "magnitudes" not in after:
        return None
    powers = {int(power): int(rows) for power, rows in (after["magnitudes"] or {}).items()}
    most = max(float(item["high"] or 0.0) for item in items)
    grew = sum(max(0.0, float(one.second["high"] or 0.0) - float(one.first["high"] or 0.0)) for one in usual)
    upper = max(TIMES * most, most + TIMES * grew * ratio)
    rows = sum(count for power, count in powers.items() if 10.0**power >= upper)
    if most > 0.0 and rows:
        return Novelty(rows, _power_above(upper), most)
    least = min((float(item["low"]) for item in items if item["low"]), default=0.0)
    rows = sum(count for power, count in powers.items() if 10.0 ** (power + 1) * TIMES <= least)
    return Novelty(rows, least / TIMES, least)


def _times(before: Profile, after: Profile, usual: Sequence[Usual], seconds: float) -> Novelty | None:
    """Times that nobody wrote: as old as none that were there can have become, or further ahead than any that was."""
    items = [before, *(item for one in usual for item in (one.first, one.second))]
    if any("ages" not in item for item in items) or not any(item["ages"] or item["ahead"] for item in items):
        return None  # there was no time to compare with
    past, ahead = ({int(power) for item in items for power in item[kind] or {}} | {0} for kind in ("ages", "ahead"))
    known = {power for one in past for power in range(one, _power(10.0 ** (one + 1) + seconds) + 1)}
    ages = [power for one in after["ages"] or {} if (power := int(one)) not in known]
    future = [power for one in after["ahead"] or {} if (power := int(one)) > max(ahead)]
    if not ages and not future:
        return None
    rows = _rows(after, "ages", ages) + _rows(after, "ahead", future)
    return Novelty(rows, ages=sorted(ages), ahead=sorted(future))


def _rows(profile: Profile, kind: str, powers: Iterable[int]) -> int:
    counts = profile.get(kind) or {}
    return sum(int(counts.get(str(power), 0)) for power in powers)


def _span(powers: Sequence[int]) -> str:
    """`3 hours to 12 days`, of the least and the greatest power of ten of seconds."""
    return " to ".join(_duration(seconds) for seconds in (10.0 ** min(powers), 10.0 ** (max(powers) + 1)))


def _duration(seconds: float) -> str:
    unit, name = next((one for one in _UNITS if seconds >= one[0]), _UNITS[-1])
    return f"{seconds / unit:.3g} {name}"


def _power(value: float) -> int:
    return math.floor(math.log10(value))


def _power_above(value: float) -> float:
    """The power of ten that is no less."""
    return float(10.0 ** math.ceil(math.log10(value)))
