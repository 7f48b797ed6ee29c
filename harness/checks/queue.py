"""The backlog drains: the queue comes back to the level, and the oldest job to the age, that it had before."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks._evidence import Findings
from harness.checks._witness import WitnessedStalls
from harness.events import ProbeQueue
from harness.history import Event, of
from harness.verdict import Verdict

NAME = "queue"


def check(
    events: Iterable[Event],
    *,
    phase: str,
    within: float,
    baseline: str = "baseline",
    slack: float = 5.0,
    age_slack: float = 2.0,
) -> Verdict:
    """The queue falls to the deepest level of the baseline within a time, and is there at the last look.

    A short queue that does not move has not drained: where the age of the oldest job is known, it has to come back too.

    Args:
        events: the history (`probe.queue`, `witness`).
        phase: where the queue was watched; the time counts from its first look.
        within: seconds.
        baseline: the phase that gives the level.
        slack: jobs above that level which are still normal, because a few are always in flight.
        age_slack: seconds above the baseline's greatest age which are still normal.
    """
    events = tuple(events)
    findings = Findings(NAME)
    before, looks = _depths(events, baseline), _depths(events, phase)
    seen = of(events, ProbeQueue, phase)
    findings.saw(*(event for event, _ in before), *(event for event, _ in looks))
    if not before:
        findings.missing("the queue's depth is not known for the baseline")
    if not looks:
        why = f": {seen[-1].body.error}" if seen and seen[-1].body.error else ""
        findings.missing(f"the queue could not be asked{why}" if seen else "the queue was not asked")
    elif seen[-1].body.depth is None:
        findings.missing(f"the queue could not be asked at the last look: {seen[-1].body.error or 'no answer'}")
    good = ""
    if before and looks:
        level = max(depth for _, depth in before) + slack
        good = _judge(findings, events, looks, level, within)
        _age(findings, events, baseline, phase, age_slack, within)
    return findings.verdict(
        good,
        look="what works the queue off, and whether each job takes longer than before",
        look_unknown="the queue probe (x-harness: probes: queue), asked in the baseline too",
    )


def _depths(events: tuple[Event, ...], phase: str) -> list[tuple[Event, float]]:
    return [(event, float(event.body.depth)) for event in of(events, ProbeQueue, phase) if event.body.depth is not None]


def _judge(
    findings: Findings, events: tuple[Event, ...], looks: list[tuple[Event, float]], level: float, within: float
) -> str:
    first, (final, depth) = looks[0][0], looks[-1]
    stall = WitnessedStalls(events).explains(first.since_start, final.since_start)
    drained = next((event for event, depth in looks if depth <= level), None)
    watched = final.since_start - first.since_start
    if drained is None and watched < within:
        so_far = f"{depth:g} jobs (level before: {level:g})"
        findings.missing(f"the queue holds {so_far}, and was watched for {watched:.1f} s of {within:g} s")
    elif drained is None:
        said = f"the queue still holds {depth:g} jobs after {watched:.1f} s (level before: {level:g})"
        findings.timed(said, stall, final)
    elif depth > level:
        said = f"the queue drained and filled again: {depth:g} jobs at the last look (level {level:g})"
        findings.timed(said, stall, final)
    elif drained.since_start - first.since_start > within:
        took = drained.since_start - first.since_start
        findings.timed(f"the queue took {took:.1f} s to drain, longer than {within:g} s", stall, drained)
    took = (drained or final).since_start - first.since_start
    return f"the queue is back at its level ({depth:g} jobs) after {took:.1f} s"


def _age(findings: Findings, events: tuple[Event, ...], baseline: str, phase: str, slack: float, within: float) -> None:
    """The last age is no greater than in the baseline; where no age was told before, none is asked for."""
    before = [age for event in of(events, ProbeQueue, baseline) if (age := event.body.age) is not None]
    seen = of(events, ProbeQueue, phase)
    if not before or not seen:
        return
    level, final = max(before) + slack, seen[-1]
    if final.body.depth is None:
        return  # said already
    age = final.body.age
    if age is None:
        findings.missing(f"the age of the oldest job is not known at the last look: {final.body.error or 'no age'}")
        return
    watched = final.since_start - seen[0].since_start
    if age > level and watched < within:
        so_far = f"has waited for {age:.1f} s (before: {level:.1f} s)"
        findings.missing(f"the oldest job {so_far}, and was watched for {watched:.1f} s of {within:g} s")
    elif age > level:
        stall = WitnessedStalls(events).explains(final.since_start - max(age, watched), final.since_start)
        findings.timed(f"the oldest job has waited for {age:.1f} s (before: {level:.1f} s)", stall, final)
