"""What acknowledged work does beside happens exactly once for each piece: a mail, an invoice, a message."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.checks._acknowledged import asked_for, promised, some
from harness.checks._evidence import Findings, counted
from harness.checks._witness import WitnessedStalls
from harness.events import ProbeEffect, WorkloadStart
from harness.history import Event, of
from harness.samples import NO_SAMPLES, Samples
from harness.verdict import Verdict

NAME = "effects"


def check(
    events: Iterable[Event], *, phase: str, effects: Collection[str] = (), samples: Samples = NO_SAMPLES
) -> Verdict:
    """Each side effect was found once for each piece of work that was acknowledged before it was counted.

    For a request without a good answer it may be there or not, and must not be there twice.

    Args:
        events: the history (`probe.effect`, `workload.start`, `witness`).
        samples: of the workload, with what its answers promised, and what was counted.
        phase: in which was counted.
        effects: those that are declared, by name.
    """
    events = tuple(events)
    findings = Findings(NAME)
    found = {event.body.name: event for event in of(events, ProbeEffect, phase)}
    if not effects:
        findings.missing("no side effect is declared")
    good = [_compare(findings, events, samples, name, found.get(name)) for name in effects]
    return findings.verdict(
        ", ".join(good),
        look="what does that part of the work a second time, or never, when a worker is stopped or replaced in between",
        look_unknown="x-harness: workload: effects, and whether its command answers",
    )


def _compare(
    findings: Findings, events: tuple[Event, ...], samples: Samples, name: str, asked: Event[ProbeEffect] | None
) -> str:
    """Hold one effect against what was acknowledged; the words of a pass."""
    findings.saw(asked)
    if asked is None or asked.body.error or asked.body.before is None or asked.id not in samples.readbacks:
        findings.missing(f"{name}: {_why(asked, samples)}")
        return ""
    starts = {event.id: event for event in of(events, WorkloadStart)}
    streams = [
        one for one in samples.streams if one.start in starts and one.arm == "subject" and one.key == asked.body.key
    ]
    broken = next((said for one in streams for said in (one.problem, one.promises_problem) if said), "")
    if broken:
        findings.missing(f"{name}: {broken}")
        return ""
    findings.saw(*(starts[one.start] for one in streams))
    there, before = samples.readbacks[asked.id], asked.body.before
    due, untold = list[str](), list[str]()
    for one in streams:
        promised(one, before, due, untold)
    if untold:
        findings.missing(f"{name}: the samples do not say when {some(untold)} was acknowledged")
    if not due:
        findings.missing(f"{name}: nothing was acknowledged before it was counted")
        return ""
    never = [what for what in due if there.get(what, 0) < 1]
    more = sorted({what for one in streams for what in asked_for(one, there) if there[what] > 1})
    if never:
        stall = WitnessedStalls(events).explains(before, asked.since_start, asked.since_start - before)
        said = f"{name}: none for {len(never)} of {counted(len(due), 'acknowledged piece')} of work: {some(never)}"
        findings.timed(said, stall, asked)
    if more:
        often = some([f"{what} ({there[what]} times)" for what in more])
        findings.fail(f"{name}: more than one for {counted(len(more), 'piece')} of work: {often}", asked)
    return f"{name}: one for each of {counted(len(due), 'acknowledged piece')} of work"


def _why(asked: Event[ProbeEffect] | None, samples: Samples) -> str:
    if asked is None:
        return "it was not counted"
    if asked.body.error:
        return f"it could not be counted: {asked.body.error}"
    if asked.body.before is None:
        return "the load generator did not tell in time which work was acknowledged"
    return samples.unread.get(asked.id) or "what was counted is not there: its file is missing, or was never written"
