"""What was read back through the entry point, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.checks._evidence import Findings, counted
from harness.checks._windows import span
from harness.checks._witness import WitnessedStalls
from harness.events import BadRead, WorkloadReads, WorkloadStart, WorkloadWindow
from harness.events.workload import ANYTHING
from harness.history import Event, of

EXAMPLES = 3  # that are named


def of_subject(events: Sequence[Event], phase: str, *, every: bool) -> tuple[Event[WorkloadReads], ...]:
    """What the load of the environment itself read in a phase: beside the load, or everything that was written."""
    control = {event.id for event in of(events, WorkloadStart) if event.body.arm not in ("", "subject")}
    found = of(events, WorkloadReads, phase)
    return tuple(one for one in found if one.body.every is every and one.body.start not in control)


def wrong(
    findings: Findings, events: Sequence[Event], found: Event[WorkloadReads], where: str, *, absent: bool = True
) -> None:
    """Fail for what came back otherwise than it was written.

    Args:
        absent: what was not found counts; else only what was found and is something else.
    """
    body = found.body
    if number := body.wrong - (0 if absent else body.absent):
        said = f"{number} of {counted(body.asked, 'record')} read {where} {_verb(number)} not as written"
        bad = [one for one in body.bad if one.verdict == "wrong" and (absent or one.expected != ANYTHING)]
        _tell(findings, events, found, said, bad, number)


def unanswered(findings: Findings, events: Sequence[Event], found: Event[WorkloadReads], where: str) -> None:
    """Fail for what could not be read at all."""
    body = found.body
    if body.unanswered:
        said = f"{body.unanswered} of {counted(body.asked, 'record')} could not be read {where}"
        bad = [one for one in body.bad if one.verdict == "unanswered"]
        _tell(findings, events, found, said, bad, body.unanswered)


def _tell(
    findings: Findings,
    events: Sequence[Event],
    found: Event[WorkloadReads],
    said: str,
    bad: Sequence[BadRead],
    number: int,
) -> None:
    some = "; ".join(_words(one, events) for one in bad[:EXAMPLES])
    # What came too late, or not at all, while the machine stood still proves nothing; all of it has to be explained.
    explained = _stall(events, bad) if len(bad) == number else ""
    findings.timed(f"{said}: {some}" if some else said, explained, found)


def _words(one: BadRead, events: Sequence[Event]) -> str:
    """One, as in `key 3f-17, written in the phase deployed: state: wanted 12, got 13 (status 200, backend-2)`."""
    phase = written_in(events, one.written)
    when = f", written in the phase {phase}," if phase else ""
    by = ", ".join(part for part in (one.outcome, one.server, f"{one.attempts} attempts" * (one.attempts > 1)) if part)
    got = f" gave {one.got} for {one.expected}" if one.got else " was not answered"
    return f"{one.key}{when}{got} ({by})"


def _stall(events: Sequence[Event], bad: Sequence[BadRead]) -> str:
    witness = WitnessedStalls(events)
    stalls = [
        witness.explains(one.asked, one.ended) if one.asked is not None and one.ended is not None else "" for one in bad
    ]
    return stalls[0] if stalls and all(stalls) else ""


def written_in(events: Iterable[Event], second: float | None) -> str:
    """The phase whose window a second of the history lies in; empty where it lies in none."""
    events = tuple(events)
    for window in of(events, WorkloadWindow):
        low, high = span(events, window)
        if second is not None and low <= second <= high and window.phase:
            return window.phase
    return ""


def _verb(number: int) -> str:
    return "is" if number == 1 else "are"
