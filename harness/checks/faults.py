"""The faults of a phase were real: each bit while it was on, and was gone when it was healed."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks._evidence import Findings, counted
from harness.events import FaultHeal, FaultInject
from harness.history import Event, of
from harness.verdict import Verdict

NAME = "faults"


def check(events: Iterable[Event], *, phase: str) -> Verdict:
    """Every fault that was injected in the phase touched something, was healed, and left nothing.

    A fault that did not is not the release's failure: what was measured under it proves nothing, so it never fails.

    Args:
        events: the history (`fault.inject`, `fault.heal`).
        phase: the phase in which the faults were injected.
    """
    events = tuple(events)
    findings = Findings(NAME)
    healed = {event.body.start: event for event in of(events, FaultHeal)}
    injected = of(events, FaultInject, phase)
    for event in injected:
        title, end = event.body.title, healed.get(event.id)
        findings.saw(event, end)
        if end is None:
            findings.missing(f"{title}: it was never healed")
        elif end.body.bit is not True:
            findings.missing(f"{title}: it did not bite, or that could not be determined: {end.body.reason}")
        elif end.body.gone is not True:
            findings.missing(f"{title}: it is not gone: {end.body.reason}")
    return findings.verdict(
        f"{counted(len(injected), 'fault')} bit and healed",
        look_unknown="whether traffic passed the fault's links while it was on",
    )
