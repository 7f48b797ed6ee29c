"""The service stays available while something happens to it: during the deployment, during the rollback."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks._evidence import Findings
from harness.checks._workload import measured, percent
from harness.history import Event
from harness.verdict import Verdict

NAME = "availability"


def check(events: Iterable[Event], *, phase: str, longest_outage: float = 1.0, budget: float = 0.01) -> Verdict:
    """No outage in the phase is longer, and no larger share of requests fails, than allowed.

    Args:
        events: the history (`workload`).
        phase: the phase in which it happens.
        longest_outage: seconds in a row in which every request may fail.
        budget: the share of requests that may fail, 0 to 1.
    """
    findings = Findings(NAME)
    found = measured(findings, events, phase)
    good = ""
    if found is not None:
        good = f"{percent(found.share)} of {found.tried} requests failed, longest outage {found.outage:.1f} s"
        if found.outage > longest_outage:
            said = f"every request failed for {found.outage:.1f} s, longer than {longest_outage:g} s"
            findings.fail(said + found.why, *found.events)
        if found.share > budget:
            said = f"{percent(found.share)} of {found.tried} requests failed, more than {percent(budget)}"
            findings.fail(said + found.why, *found.events)
    return findings.verdict(
        good,
        look="which step ran during the outage: the timeline of steps, and the deployer's output",
        look_unknown="the workload's rate, and whether the machine is too busy to send it",
    )
