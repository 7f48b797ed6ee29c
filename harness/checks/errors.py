"""The workload's failures stay within a budget."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks._evidence import Findings, counted
from harness.checks._workload import measured, percent
from harness.history import Event
from harness.verdict import Verdict

NAME = "errors"


def check(events: Iterable[Event], *, phase: str, budget: float = 0.0) -> Verdict:
    """At most this share of the phase's requests failed.

    Args:
        events: the history (`workload`).
        phase: the phase.
        budget: the share that may fail, 0 to 1. Requests that were shed count as failures.
    """
    findings = Findings(NAME)
    found = measured(findings, events, phase)
    good = ""
    if found is not None:
        good = f"{found.bad} of {counted(found.tried, 'request')} failed"
        if found.share > budget:
            said = f"{found.bad} of {found.tried} requests failed ({percent(found.share)}), budget {percent(budget)}"
            findings.fail(said + found.why, *found.events)
    return findings.verdict(
        good,
        look="the errors in the workload event and the replicas' logs at that time",
        look_unknown="the workload's rate, and whether the machine is too busy to send it",
    )
