"""What caches and databases did in a stage: how much of what it is asked for a cache finds, and which statements a
database works at.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from harness.diagnoses._case import Stage
from harness.event import Event, of
from harness.events import ProbeMemcached, ProbePostgres, ProbeRedis

# Checks of what waits where a cache does not help.
WAITING = ("queue", "performance", "metastable", "reads", "reads-forward", "acknowledged", "tail", "recovery")
LEAST_LOOKS = 8  # at a database; what fewer have seen may be chance
OFTEN = 0.3  # of the looks that saw a statement at work: it is what the database does
SELDOM = 0.1  # likewise: it is not
_VALUES = re.compile(r"'(?:[^']|'')*'|\b\d+\b")
_OWN = re.compile(r"\bpg_|information_schema")  # of those who look at a database
Cache = Event[ProbeRedis] | Event[ProbeMemcached]


@dataclass(frozen=True)
class Found:
    """How much of what a cache was asked for in some time it found, and the looks that say so.

    Attributes:
        share: the median of all pairs of looks: a fingerprint, which finds all that it asks for, does not count.
        asked: how often it was asked. seconds: the time.
    """

    share: float
    asked: int
    seconds: float
    looks: tuple[Cache, ...]


def caches(stage: Stage) -> dict[str, tuple[Cache, ...]]:
    """The looks at each cache of a stage that told its counts, while it gave up nothing and was not started again."""
    found: dict[str, list[Cache]] = {}
    every: Iterable[Cache] = (*of(stage.events, ProbeRedis), *of(stage.events, ProbeMemcached))
    for event in sorted(every, key=lambda one: one.id):
        if event.body.hits is not None and event.body.misses is not None:
            found.setdefault(event.body.server or event.body.replica, []).append(event)
    return {name: tuple(looks) for name, looks in found.items() if len(looks) > 1 and _steady(looks)}


def between(looks: tuple[Cache, ...]) -> Found:
    """What was found between the first of these looks and the last."""
    pairs = [_asked(one, two) for one, two in pairwise(looks)]
    shares = [hits / asked for hits, asked in pairs if asked]
    share = statistics.median(shares) if shares else 0.0
    return Found(share, sum(asked for _, asked in pairs), looks[-1].since_start - looks[0].since_start, looks)


def _asked(one: Cache, two: Cache) -> tuple[int, int]:
    """What was found between two looks, and how much was asked for."""
    hits, misses = ((getattr(two.body, name) or 0) - (getattr(one.body, name) or 0) for name in ("hits", "misses"))
    return hits, hits + misses


def busy_with(before: Stage, after: Stage) -> tuple[str, tuple[Event[ProbePostgres], ...]]:
    """The statement at which a database is found at work most often, and was not before; with the looks that saw it.
    Empty where no statement stands out, or too few looks were made.
    """
    was, now = _statements(before), _statements(after)
    if not now[1] or len(was[1]) < LEAST_LOOKS / 2 or len(now[1]) < LEAST_LOOKS:
        return "", ()
    for statement, count in now[0].most_common():
        if count >= OFTEN * len(now[1]) and was[0][statement] <= SELDOM * len(was[1]):
            return statement, tuple(one for one in now[1] if statement in _at_work(one))
    return "", ()


def _steady(looks: list[Cache]) -> bool:
    first, last = looks[0].body, looks[-1].body
    grows = all((one.body.hits or 0) <= (two.body.hits or 0) for one, two in pairwise(looks))
    return grows and (first.evicted or 0) == (last.evicted or 0)


def _statements(stage: Stage) -> tuple[Counter[str], tuple[Event[ProbePostgres], ...]]:
    """In how many looks each statement was at work, and the looks; those at the statistics say nothing of a moment."""
    looks = tuple(
        one
        for one in of(stage.events, ProbePostgres)
        if one.body.error is None and one.body.slowest_from != "pg_stat_statements"
    )
    return Counter(statement for one in looks for statement in _at_work(one)), looks


def _at_work(event: Event[ProbePostgres]) -> set[str]:
    told = event.body.slowest if isinstance(event.body.slowest, list) else []
    texts = (str(row[1]) for row in told if isinstance(row, list) and len(row) > 1)
    return {" ".join(_VALUES.sub("?", text).split()) for text in texts if not _OWN.search(text)}
