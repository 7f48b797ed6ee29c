"""The faults of a phase were real: each bit while it was on, and was gone when it was healed."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks._evidence import Findings, counted, of
from harness.history import Event
from harness.verdict import Verdict

NAME = "faults"


def check(events: Iterable[Event], *, phase: str) -> Verdict:
    """Every fault that was injected in the phase touched something, was healed, and left nothing.

    A fault that did not is nobody's failure: what was measured under it proves nothing, so this is never a fail.

    Args:
        events: the history (`fault.inject`, `fault.heal`).
        phase: the phase in which the faults were injected.
    """
    events = tuple(events)
    findings = Findings(NAME)
    healed = {event.data["start"]: event for event in events if event.kind == "fault.heal"}
    injected = of(events, "fault.inject", phase)
    for event in injected:
        title, end = event.data["title"], healed.get(event.id)
        findings.saw(event, end)
        if end is None:
            findings.missing(f"{title}: it was never healed")
        elif end.data["bit"] is not True:
            findings.missing(f"{title}: it did not bite, or that could not be determined: {end.data['reason']}")
        elif end.data["gone"] is not True:
            findings.missing(f"{title}: it is not gone: {end.data['reason']}")
    return findings.verdict(
        f"{counted(len(injected), 'fault')} bit and healed",
        look_unknown="whether traffic passed the fault's links while it was on",
    )
