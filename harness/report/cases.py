"""The cases of the gate under faults, each with its place in the run: what the table of faults and moments leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.history import Event
from harness.report.model import SEVERITY, Report, case_of
from harness.verdict import Outcome

PAGE = "report.html"  # where the timelines are drawn


@dataclass(frozen=True, slots=True)
class CaseRun:
    """A case that was run.

    Attributes:
        number: from 1, in the order of the run; its timeline is `case-<number>` on the page.
        name: `latency at rollback (load 2, twice)`.
        fault, moment, more: the parts of it: `latency`, `rollback`, `load 2, twice`.
        outcome: what came of it.
        begin, end: seconds since the run began.
    """

    number: int
    name: str
    fault: str
    moment: str
    more: str
    outcome: Outcome
    begin: float
    end: float

    @property
    def anchor(self) -> str:
        """The id of its timeline."""
        return f"case-{self.number}"

    @property
    def link(self) -> str:
        """Where its timeline is, beside the other reports."""
        return f"{PAGE}#{self.anchor}"

    @property
    def span(self) -> str:
        """`12.3 to 45.0 s`."""
        return f"{self.begin:.1f} to {self.end:.1f} s"


def events_by_case(events: Sequence[Event]) -> Mapping[str, list[Event]]:
    """The events of each case."""
    found: dict[str, list[Event]] = {}
    for event in events:
        if name := case_of(event):
            found.setdefault(name, []).append(event)
    return found


def runs(report: Report) -> list[CaseRun]:
    """The cases of a run, in its order."""
    own = events_by_case(report.events)
    made = []
    for number, (name, outcome) in enumerate(report.cases.items(), 1):
        fault, _, rest = name.partition(" at ")
        moment, _, more = rest.partition(" ")
        times = [event.since_start for event in own.get(name, ())] or [0.0]
        said = more.removeprefix("(").removesuffix(")")
        made.append(CaseRun(number, name, fault, moment, said, outcome, min(times), max(times)))
    return made


def cells(found: Sequence[CaseRun]) -> Mapping[tuple[str, str], list[CaseRun]]:
    """The cases of each fault and moment, what is worst first."""
    made: dict[tuple[str, str], list[CaseRun]] = {}
    for one in found:
        made.setdefault((one.fault, one.moment), []).append(one)
    return {key: sorted(every, key=lambda one: -SEVERITY.index(one.outcome)) for key, every in made.items()}
