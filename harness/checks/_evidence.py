"""What checks share: finding the events that count, and wording a verdict from findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from harness.events import Body, OfReplica
from harness.history import Event, of
from harness.verdict import Outcome, Verdict

T = TypeVar("T", bound=Body)
R = TypeVar("R", bound=OfReplica)
MAX_FINDINGS = 3  # so many findings are spelt out in a reason; the rest are counted
BUSY = "what else runs on this machine (events `witness`): run it again when the machine has time"


def latest(events: Iterable[Event], body: type[R], phase: str) -> dict[str, Event[R]]:
    """For each replica, the last event with such a body in a phase."""
    return {event.body.replica: event for event in of(events, body, phase)}


def last(events: Iterable[Event], body: type[T], phase: str) -> Event[T] | None:
    """The last event with such a body in a phase."""
    found = of(events, body, phase)
    return found[-1] if found else None


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    every = list(words)
    return " and ".join(part for part in (", ".join(every[:-1]), every[-1] if every else "") if part)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 replica`, `3 replicas`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


@dataclass
class Findings:
    """Gathers what speaks against a pass, and turns it into a verdict: failures before what is not known.

    Attributes:
        check: the name of the check.
        wrong: sentences that make it fail.
        unknown: sentences that leave it unknown.
        evidence: ids of every event that was looked at.
        stalled: the machine stood still, and that is why something is not known.
    """

    check: str
    wrong: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    evidence: list[int] = field(default_factory=list)
    stalled: bool = False
    _wrong_ids: list[int] = field(default_factory=list)

    def saw(self, *events: Event | None) -> None:
        """The verdict rests on these events."""
        self.evidence += [event.id for event in events if event is not None]

    def fail(self, sentence: str, *events: Event | None) -> None:
        """Something is wrong, and these events show it."""
        self.wrong.append(sentence)
        self._wrong_ids += [event.id for event in events if event is not None]

    def missing(self, sentence: str) -> None:
        """Something could not be told."""
        self.unknown.append(sentence)

    def timed(self, sentence: str, stall: str, *events: Event | None) -> None:
        """Something took too long. Where a stall of the machine explains it (`stall`, in words), it proves nothing."""
        if not stall:
            self.fail(sentence, *events)
            return
        self.saw(*events)
        self.stalled = True
        self.missing(f"{stall}, so this proves nothing: {sentence}")

    def verdict(self, good: str, *, look: str = "", look_unknown: str = "") -> Verdict:
        """The verdict: `good` is the reason of a pass. A pass without a single event as evidence is unknown."""
        everything = tuple(sorted({*self.evidence, *self._wrong_ids}))
        if self.wrong:
            ids = tuple(sorted(set(self._wrong_ids))) or everything
            return Verdict(self.check, Outcome.FAIL, _sentence(self.wrong), ids, look)
        if self.unknown or not everything:
            reasons = self.unknown or ["nothing was measured"]
            look_unknown = BUSY if self.stalled else look_unknown
            return Verdict(
                self.check, Outcome.UNKNOWN, _sentence(reasons), everything, look_unknown, stalled=self.stalled
            )
        return Verdict(self.check, Outcome.PASS, good, everything)


def _sentence(findings: Sequence[str]) -> str:
    said = list(dict.fromkeys(findings))
    more = len(said) - MAX_FINDINGS
    return "; ".join(said[:MAX_FINDINGS]) + (f"; and {more} more" if more > 0 else "")
