"""Diagnoses: what a pattern of verdicts and events is called, in one sentence, with its evidence and what to look at.

Each is a module here, or in a package of your own (docs/extending.md), found by name. It has a function
`diagnose(case) -> Diagnosis | None`, pure as a check is. It says what it has seen, and None rather than a guess. No
diagnosis changes a verdict: it is made of them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from harness.diagnoses._case import Attempt, Case, Diagnosis, Stage, ids, names
from harness.event import Event, of
from harness.events import RunStart, VerdictGiven
from harness.registry import Registry
from harness.verdict import Outcome

__all__ = ["Attempt", "Case", "Diagnosed", "Diagnosis", "Stage", "diagnose", "find", "ids", "names", "rules"]

_CHANGING = re.compile(r"[0-9a-fA-F]{8,}|\d+")  # what differs from one time to the next
Rule = Callable[[Case], Diagnosis | None]
_REGISTRY: Registry[Rule] = Registry(
    "diagnosis", sys.modules[__name__], lambda module: module.diagnose, plural="diagnoses"
)
rules, find = _REGISTRY.names, _REGISTRY.find


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """What is known of the causes of a run's failures.

    Attributes:
        found: the diagnoses, the one that explains what failed first before the others.
        unexplained: ids of the failed verdicts that none of them explains.
        problems: rules that broke, in words; they take nothing from the others.
    """

    found: tuple[Diagnosis, ...] = ()
    unexplained: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """One sentence; empty where nothing failed."""
        if self.found:
            return self.found[0].sentence
        return "what caused the failures is not known: no diagnosis fits them" if self.unexplained else ""

    def of(self, verdict: int) -> Diagnosis | None:
        """What explains a failed verdict, by the id of its event."""
        return next((one for one in self.found if verdict in one.explains), None)


def diagnose(events: Iterable[Event]) -> Diagnosed:
    """Ask every rule about every environment of a history."""
    every = tuple(events)
    about = next((event.body for event in of(every, RunStart)), RunStart())
    found: list[Diagnosis] = []
    problems: list[str] = []
    failed: list[int] = []
    for own in _environments(every):
        try:
            case = Case.of(own, about)
        except Exception as error:  # whatever a damaged history holds: the verdicts stand without it
            problems.append(f"what happened cannot be taken apart: {type(error).__name__}: {error}")
            continue
        failed += [one.id for stage in (case.before, *(one.after for one in case.attempts)) for one in stage.failed]
        found += _asked(case, problems)
    chosen = _chosen(_going_on(_merged(found), every), failed)
    explained = {number for one in chosen for number in one.explains}
    return Diagnosed(tuple(chosen), tuple(one for one in failed if one not in explained), tuple(problems))


def _environments(events: tuple[Event, ...]) -> list[tuple[Event, ...]]:
    """The events of each environment in which something was judged to have failed, in order."""
    bad = [event.environment for event in of(events, VerdictGiven) if event.body.outcome == Outcome.FAIL]
    return [tuple(event for event in events if event.environment == one) for one in dict.fromkeys(bad)]


def _asked(case: Case, problems: list[str]) -> list[Diagnosis]:
    found = []
    for name in rules():
        try:
            one = find(name)(case)
        except Exception as error:  # a rule must never cost the report: it only adds words to it
            problems.append(f"the diagnosis {name} could not be asked: {type(error).__name__}: {error}")
            continue
        if one is not None and one.explains:
            found.append(replace(one, name=name))
    return found


def _merged(found: Sequence[Diagnosis]) -> list[Diagnosis]:
    """What two environments show alike is said once."""
    kept: dict[tuple[str, str], Diagnosis] = {}
    for one in found:
        same = kept.get((one.name, one.sentence))
        kept[one.name, one.sentence] = (
            one
            if same is None
            else replace(same, evidence=ids(same.evidence, one.evidence), explains=ids(same.explains, one.explains))
        )
    return list(kept.values())


def _going_on(found: Sequence[Diagnosis], events: tuple[Event, ...]) -> list[Diagnosis]:
    """What a check finds in one phase and finds again in a later one has one cause."""
    first: dict[tuple[str | None, str, str], int] = {}
    again: dict[int, list[int]] = {}
    for event in of(events, VerdictGiven):
        if event.body.outcome == Outcome.FAIL:
            said = _CHANGING.sub("#", event.body.reason.partition("; ")[0])
            earlier = first.setdefault((event.environment, event.body.check, said), event.id)
            again.setdefault(earlier, []).append(event.id)
    return [replace(one, explains=ids(*([n, *again.get(n, ())] for n in one.explains))) for one in found]


def _chosen(found: Sequence[Diagnosis], failed: Sequence[int]) -> list[Diagnosis]:
    """Those that explain something that a better one does not: what was seen before what is concluded, what explains
    more before what explains less; in the order of what failed first.
    """
    place = {number: at for at, number in enumerate(failed)}
    better = sorted(
        found, key=lambda one: (one.certainty, -len(one.explains), min(place.get(n, 0) for n in one.explains))
    )
    covered: set[int] = set()
    chosen = []
    for one in better:
        if set(one.explains) - covered:
            chosen.append(one)
            covered |= set(one.explains)
    return sorted(chosen, key=lambda one: (one.certainty == 3, min(place.get(n, 0) for n in one.explains)))
