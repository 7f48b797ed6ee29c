"""Whether the numbers of a column jumped: all at once they became far more, or less, than the load makes of them.

A counter that requests move cannot be compared with what it was. But the load moves it at about the same rate all the
time. A migration that adds to every row, adds a second time, or sets all back to 0, moves it by a multiple of that
between two fingerprints.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.fingerprint.profiles import Profile, Usual

TIMES = 3.0  # as fast as under the load alone: a new release may write more than the old one
IN_ALL = 1.5  # times what the load makes since the first fingerprint: work that is done late is no jump
LARGEST = 20.0  # times the largest number that the load wrote
SHARE = 0.5  # of what the column held in all

Seen = tuple[float, Profile]  # second of the history, and the profile


@dataclass(frozen=True, slots=True)
class Jump:
    """By how much a column's sum moved in so many seconds, and by how much the load would have moved it."""

    by: float
    seconds: float
    usual: float

    def __str__(self) -> str:
        """`rose by 2990 in 14 s, in which the load adds 490`."""
        verb = "rose" if self.by > 0.0 else "fell"
        rest = f"in which the load {'adds' if self.usual >= 0.0 else 'takes'} {abs(self.usual):.3g}"
        return f"{verb} by {abs(self.by):.6g} in all within {self.seconds:.0f} s, {rest}"


def jumped(states: Sequence[Seen], usual: Iterable[Usual]) -> Jump | None:
    """The first jump between two of these that is still there in the last; None where nothing surely is.

    Args:
        states: the profiles of one column, in the order in which they were taken.
        usual: what it was before and after some seconds with nothing but load.
    """
    states = [(at, one) for at, one in states if one.get("sum") is not None]
    quiet = [one for one in usual if one.seconds > 0.0 and None not in (one.first.get("sum"), one.second.get("sum"))]
    rates = [(float(one.second["sum"]) - float(one.first["sum"])) / one.seconds for one in quiet]
    most = max((float(item.get("high") or 0.0) for one in quiet for item in (one.first, one.second)), default=0.0)
    if not rates or most <= 0.0 or len(states) < 2:
        return None
    # A machine that was slow while nothing was deployed would make everything after that look fast.
    between = [(_sum(two) - _sum(one)) / (two[0] - one[0]) for one, two in pairwise(states) if two[0] > one[0]]
    middle = statistics.median([*rates, *between])
    up, down = max(0.0, middle, *rates), min(0.0, middle, *rates)
    for one, two in pairwise(states):
        found = _jump(states[0], one, two, (up, down), most)
        if found is not None and abs(_sum(states[-1]) - _sum(one)) >= abs(found.by) / 2.0:
            return found
    return None


def _jump(first: Seen, one: Seen, two: Seen, rates: tuple[float, float], most: float) -> Jump | None:
    seconds, moved = two[0] - one[0], _sum(two) - _sum(one)
    rate = rates[0] if moved > 0.0 else rates[1]
    usual, in_all = rate * seconds, _sum(two) - _sum(first)
    enough = abs(moved - usual) >= max(LARGEST * most, SHARE * abs(_sum(first)))
    beyond = abs(moved) > TIMES * abs(usual) and in_all * moved > 0.0 and (
        abs(in_all) > IN_ALL * abs(rate) * (two[0] - first[0])
    )  # fmt: skip
    return Jump(moved, seconds, usual) if enough and beyond else None


def _sum(state: Seen) -> float:
    return float(state[1]["sum"])
