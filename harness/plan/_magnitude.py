"""Whether two sentences say the same, and how much larger the numbers of one are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

FACTOR = 5.0  # what is larger than that is no longer the same
# What is so small is taken for this much: of twice next to nothing nothing follows.
LEAST_COUNT, LEAST_MEASURE, LEAST_SHARE = 1.0, 0.1, 0.01
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
# A number of its own, or two of which one is the whole: not a part of a name, a version, a path, a date or a time.
_OWN = r"(?<![\w.:/-])(\d+(?:\.\d+)?)(?![\w:/-]|\.\d)"
_MAGNITUDE = re.compile(rf"{_OWN} of {_OWN}|{_OWN}")


@dataclass(frozen=True, slots=True)
class Larger:
    """A number that is larger by more than the factor.

    Attributes:
        here, there: as the sentences have it: `90 of 180`, `12`.
    """

    here: str
    there: str


def alike(one: str, other: str) -> bool:
    """Whether two sentences say the same, but for the numbers in them."""
    first, second = (_NUMBER.sub("0", text) for text in (one, other))
    return first == second


def larger(here: str, there: str) -> Larger | None:
    """The first number of a sentence that is more than `FACTOR` times that of another one that is alike; None for none.

    Of `9 of 177` the share counts: how long was looked is not the same. Smaller ones do not count.
    """
    for (said, value, least), (told, known, _) in zip(_magnitudes(here), _magnitudes(there), strict=False):
        if value > FACTOR * max(known, least):
            return Larger(said, told)
    return None


def _magnitudes(text: str) -> Iterator[tuple[str, float, float]]:
    """The numbers of a sentence: as it has them, their value, and the least that they are taken for."""
    for found in _MAGNITUDE.finditer(text):
        part, whole, single = found.groups()
        if single is not None:
            yield found[0], float(single), LEAST_MEASURE if "." in single else LEAST_COUNT
        elif float(whole):
            yield found[0], float(part) / float(whole), LEAST_SHARE
        else:
            yield found[0], float(part), LEAST_COUNT
