"""Errors in a log against those of the baseline: which kinds are new, and which have become frequent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from harness.checks._intervals import share_interval
from harness.events import ProbeLog
from harness.history import Event

OTHERS = "(others)"  # kinds beyond those that a report tells apart
ANYTHING = "*"
FACTOR = 2.0  # times the baseline's rate that is still taken for the same
MORE = 1.3  # times on all replicas together: else it is what one of them had before, or what went to another one
CONFIDENCE = 0.999  # with which it has to be more than that, because every kind on every replica is asked


@dataclass(frozen=True, slots=True)
class Kind:
    """Errors of one kind.

    Attributes:
        count: how many.
        example: what one of them said.
    """

    count: int
    example: str


def kinds_of(events: Collection[Event[ProbeLog]]) -> dict[str, Kind]:
    """The errors of these reports, by what those of a kind have in common; what an older history does not tell apart is
    one kind, without a name.
    """
    found: dict[str, Kind] = {}
    for event in events:
        body = event.body
        told = [(one.name, one.count, one.example) for one in body.error_kinds]
        rest = body.errors - sum(count for _, count, _ in told)
        if rest > 0:
            told.append(("", rest, next(iter(body.error_lines), "")))
        for name, count, example in told:
            before = found.get(name)
            found[name] = Kind(count + (before.count if before else 0), before.example if before else example)
    return found


class KnownErrors:
    """The errors of the baseline, of one log on all replicas of its service.

    Args:
        reports: of the baseline.
        replicas: how many replicas these are of.
    """

    def __init__(self, reports: Sequence[Event[ProbeLog]], replicas: int) -> None:
        self.kinds = kinds_of(reports)
        self.seconds = sum(float(event.body.seconds) for event in reports)
        self.replicas = replicas
        self._patterns = _varying([name.split() for name in self.kinds])

    def family(self, name: str) -> set[str] | None:
        """The kinds of the baseline that are taken for the same as this one; None where it is new."""
        if name in self.kinds:
            return {name}
        words = name.split()
        for pattern, names in self._patterns.items():
            if _matches(pattern, words):
                return names
        return {OTHERS} if OTHERS in self.kinds else None

    def count(self, names: Collection[str]) -> int:
        """How often the baseline had these."""
        return sum(self.kinds[name].count for name in names)


def more_often(now: int, exposed: float, before: int, exposed_before: float, factor: float = FACTOR) -> bool:
    """Whether a rate is more than so many times what it was, beyond doubt: of all these events, the share that falls to
    the present is more than it would be then.
    """
    if exposed <= 0.0 or exposed_before <= 0.0:
        return False
    usual = factor * exposed / (factor * exposed + exposed_before)
    return share_interval(now, now + before, CONFIDENCE)[0] > usual


def _varying(known: Sequence[list[str]]) -> Mapping[tuple[str, ...], set[str]]:
    """Kinds of the baseline that differ in a single word: that word changes from one record to the next."""
    found: dict[tuple[str, ...], set[str]] = {}
    for number, one in enumerate(known):
        for other in known[number + 1 :]:
            differing = [at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
            if len(one) == len(other) > 2 and len(differing) == 1:
                at = differing[0]
                pattern = (*one[:at], ANYTHING, *one[at + 1 :])
                found.setdefault(pattern, set()).update((" ".join(one), " ".join(other)))
    return found


def _matches(pattern: Sequence[str], words: Sequence[str]) -> bool:
    return len(pattern) == len(words) and all(a in (ANYTHING, b) for a, b in zip(pattern, words, strict=True))
