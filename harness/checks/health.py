"""Every replica is healthy."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.checks._evidence import Findings, counted, latest
from harness.checks._witness import WitnessedStalls
from harness.events import ProbeHealth
from harness.history import Event, of
from harness.verdict import Verdict

NAME = "health"
LEAD = 5.0  # s before a bad answer in which a stall may have caused it


def check(events: Iterable[Event], *, phase: str, replicas: Collection[str] = ()) -> Verdict:
    """The last health answer of every replica in the phase is good; those before it that were not are told.

    Args:
        events: the history (`probe.health`, `witness`).
        phase: where the replicas were asked.
        replicas: every replica that should have been asked.
    """
    events = tuple(events)
    findings = Findings(NAME)
    bad = [event for event in of(events, ProbeHealth, phase) if event.body.ok is not True]
    again = [
        f"{replica} only when it was asked again ({one.body.error or 'no reason given'})"
        for replica, one in {event.body.replica: event for event in reversed(bad)}.items()
    ]
    answers = latest(events, ProbeHealth, phase)
    if not replicas:
        findings.missing("no replica was to be asked for its health")
    for replica in replicas:
        event = answers.get(replica)
        findings.saw(event)
        healthy = event.body.ok if event else None
        if event is None:
            findings.missing(f"{replica} was not asked for its health")
        elif healthy is False:
            said = f"{replica} is not healthy: {event.body.error or 'no reason given'}"
            findings.timed(said, WitnessedStalls(events).explains(event.since_start - LEAD, event.since_start), event)
        elif healthy is not True:
            findings.missing(f"{replica} could not be asked for its health: {event.body.error or 'no answer'}")
    return findings.verdict(
        f"{counted(len(replicas), 'replica is', 'replicas are')} healthy" + "".join(f"; {one}" for one in again),
        look="that replica's log from the moment of the deployment or rollback on",
        look_unknown="whether that replica is up, and its health check",
    )
