"""Something that should do nothing, such as a second rollback, did nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.checks._evidence import Findings, counted, last, latest
from harness.events import ProbeRegistry, ProbeRelease
from harness.history import Event
from harness.verdict import Verdict

Answer = Event[ProbeRelease] | Event[ProbeRegistry]
NAME = "no-change"


def check(
    events: Iterable[Event], *, before: str, phase: str, replicas: Collection[str] = (), registry: bool = True
) -> Verdict:
    """Every replica, and the registry, say in this phase what they said in the one before.

    Args:
        events: the history (`probe.release`, `probe.registry`).
        before, phase: the phases to compare.
        replicas: every replica of the fleet.
        registry: the stack has a registry, which must be unchanged too.
    """
    events = tuple(events)
    findings = Findings(NAME)
    was, now = latest(events, ProbeRelease, before), latest(events, ProbeRelease, phase)
    pairs: list[tuple[str, Answer | None, Answer | None]] = [
        (replica, was.get(replica), now.get(replica)) for replica in replicas
    ]
    if registry:
        pairs.append(("the registry", last(events, ProbeRegistry, before), last(events, ProbeRegistry, phase)))
    if not replicas:
        findings.missing("no replica was to be compared")
    for name, first, second in pairs:
        findings.saw(first, second)
        old, new = (event.body.release if event else None for event in (first, second))
        if old is None or new is None:
            findings.missing(f"what {name} said {'before' if old is None else 'afterwards'} is not known")
        elif old != new:
            findings.fail(f"{name} changed from {old} to {new}", first, second)
    return findings.verdict(
        f"{counted(len(replicas), 'replica')}{' and the registry' if registry else ''} are as before",
        look="what the deployer takes for the previous release after a rollback",
        look_unknown="the release probe and the registry probe",
    )
