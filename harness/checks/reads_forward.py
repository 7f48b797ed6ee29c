"""After a rollback the old release can read every record that the new one wrote."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks._evidence import Findings, counted
from harness.checks._reads import of_subject, unanswered, wrong
from harness.history import Event
from harness.verdict import Verdict

NAME = "reads-forward"


def check(events: Iterable[Event], *, phase: str) -> Verdict:
    """Everything that was acknowledged up to the end of this phase was asked for again, and is as it was written.

    Where more was written than can be asked for, what was asked for is spread over it evenly, and the reason says so.

    Args:
        events: the history (`workload.reads`, `workload`, `witness`).
        phase: after which everything was read.
    """
    events = tuple(events)
    findings = Findings(NAME)
    found = of_subject(events, phase, every=True)
    findings.saw(*found)
    good = ""
    if not found:
        findings.missing("what was acknowledged was not asked for again")
    else:
        last = found[-1]
        wrong(findings, events, last, f"after the phase {phase}")
        unanswered(findings, events, last, f"after the phase {phase}")
        if last.body.error:
            findings.missing(f"not everything was read: {last.body.error}")
        if not last.body.asked:
            findings.missing("nothing had been acknowledged that could be read")
        part = "" if last.body.asked >= last.body.written else f" of {last.body.written}, evenly spread,"
        good = f"{counted(last.body.asked, 'record')}{part} read as written"
    return findings.verdict(
        good,
        look="what the release that runs now makes of what the other one wrote: a new format, a new column, a value "
        "that it does not know",
        look_unknown="x-harness: workload: read, and whether the load still ran",
    )
