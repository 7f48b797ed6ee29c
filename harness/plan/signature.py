"""What a failure is recognised by: the check that failed first, its cause, and whom it is about.

Two runs that fail for the same reason have the same signature, although their times, counts and replica numbers differ.
That a run failed says less: a plan that was cut down may fail for another reason, and so may one that fails sometimes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.diagnoses import diagnose
from harness.diagnoses._kinds import UNKNOWN
from harness.event import Event, of
from harness.events import VerdictGiven
from harness.verdict import Outcome

_LONGEST = 160  # characters of a cause that is no diagnosis
_ASIDE = re.compile(r"\s*\([^()]*\)")  # examples and figures: they differ from one time to the next
_IDS = r"(?<![0-9A-Za-z])[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,})*(?![0-9A-Za-z])"
_NUMBERS = re.compile(_IDS + r"|(?<![A-Za-z_])[-+]?\d+(?:[.:,eE]\d+)*|\d+(?:[.:]\d+)*")
_MANY = re.compile(r"# (\w+[^s\W])s\b")  # `2 records`, which may be `1 record` the next time
_ROW = re.compile(r"#(?:\s*(?:,|and|of)\s*#)+")


@dataclass(frozen=True, slots=True)
class Signature:
    """What a failure is recognised by.

    Attributes:
        check: the check that failed first.
        cause: the class of the diagnosis that explains it (docs/diagnosis.md), the diagnosis' name where that has no
            class, and the check's own reason without its numbers where no diagnosis fits.
        role: the service that the verdict names, without the replica's number; empty where it names none, or several.
    """

    check: str
    cause: str
    role: str = ""

    def __str__(self) -> str:
        return f"{self.check}: {self.cause}" + (f" [{self.role}]" if self.role else "")

    def same(self, other: Signature | None) -> bool:
        """Whether it is the same failure: all three are equal. No failure is the same as none."""
        return self == other

    def to_data(self) -> dict[str, str]:
        """As JSON holds it."""
        return {"check": self.check, "cause": self.cause, "role": self.role}


def signature_of(events: Sequence[Event], scenario: str | None = None) -> Signature | None:
    """The signature of a run's failure, by what was known at the end of the step in which it came; None where no check
    failed. So what the plan does later does not change it.

    Args:
        events: of the whole history.
        scenario: the plan that is looked at; of all of them the failure that came first where it is None.
    """
    first = first_failure(events, scenario)
    if first is None:
        return None
    until = _end_of_step(events, first)
    own = tuple(one for one in events if one.environment in (None, first.environment) and one.id <= until)
    services = _services(own)
    return Signature(first.body.check, _cause(own, first, services), _role(own, first, services))


def first_failure(events: Iterable[Event], scenario: str | None = None) -> Event[VerdictGiven] | None:
    """The first failed verdict that counts: of those that a check gave twice in a phase, the last alone does."""
    counts = {
        (event.environment, event.phase, event.body.check): event
        for event in of(tuple(events), VerdictGiven)
        if event.body.check != "run" and scenario in (None, event.data.get("scenario"))
    }
    failed = [event for event in counts.values() if event.body.outcome == Outcome.FAIL]
    return min(failed, key=lambda event: event.id, default=None)


def _end_of_step(events: Sequence[Event], failed: Event[VerdictGiven]) -> int:
    """The id of the last event of the step that a verdict was given in; of the history where it was in none."""
    if failed.plan_step is None:
        return events[-1].id
    of_step = (one for one in events if one.plan_step == failed.plan_step and one.environment == failed.environment)
    return max(one.id for one in of_step)


def _cause(own: tuple[Event, ...], failed: Event[VerdictGiven], services: Mapping[str, str]) -> str:
    found = diagnose(own).of(failed.id)
    if found is not None:
        return found.name if found.kind == UNKNOWN else found.kind
    return plain(failed.body.reason, services)


def plain(reason: str, services: Mapping[str, str]) -> str:
    """The first finding of a reason, without what differs from one time to the next: numbers, ids, which replica.

    Args:
        services: by the name of a replica, its service.
    """
    said = _ASIDE.sub("", reason.partition("; ")[0])
    for replica in sorted(services, key=len, reverse=True):
        said = re.sub(rf"(?<![\w-]){re.escape(replica)}(?![\w-])", services[replica], said)
    return _MANY.sub(r"# \1", _ROW.sub("#", _NUMBERS.sub("#", said)))[:_LONGEST].strip()


def _services(own: Iterable[Event]) -> dict[str, str]:
    """By the name of every replica that the history speaks of, its service: `web` of `web-2`."""
    names = {event.data.get("replica") for event in own}
    known = (name for name in names if isinstance(name, str) and re.fullmatch(r".+-\d+", name))
    return {name: name.rpartition("-")[0] for name in known}


def _role(own: Iterable[Event], failed: Event[VerdictGiven], services: Mapping[str, str]) -> str:
    """The service whose replica the reason names first; else the one that all its evidence is of."""
    reason = failed.body.reason
    named = [
        (found.start(), service)
        for replica, service in services.items()
        if (found := re.search(rf"(?<![\w-]){re.escape(replica)}(?![\w-])", reason))
    ]
    if named:
        return min(named)[1]
    evidence = set(failed.body.evidence)
    shown = {event.data.get("replica") for event in own if event.id in evidence}
    of_these = {services[one] for one in shown if isinstance(one, str) and one in services}
    return of_these.pop() if len(of_these) == 1 else ""
