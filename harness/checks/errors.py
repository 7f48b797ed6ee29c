"""The workload's failures stay within a budget."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks._evidence import Findings, counted
from harness.checks._witness import WitnessedStalls
from harness.checks._workload import measured, percent
from harness.history import Event
from harness.samples import Samples
from harness.verdict import Verdict

NAME = "errors"


def check(events: Iterable[Event], *, phase: str, samples: Samples | None = None, budget: float = 0.0) -> Verdict:
    """At most this share of the phase's requests failed. Failures while the machine stood still prove nothing.

    Args:
        events: the history (`workload`, `witness`).
        phase: the phase.
        samples: of the workload; without them no failure is explained by the machine.
        budget: the share that may fail, 0 to 1. Requests that were shed count as failures.
    """
    events = tuple(events)
    findings = Findings(NAME)
    found = measured(findings, events, phase, samples)
    good = ""
    if found is not None:
        good = f"{found.bad} of {counted(found.tried, 'request')} failed{found.kept}"
        if found.share > budget:
            said = f"{found.bad} of {found.tried} requests failed ({percent(found.share)}), budget {percent(budget)}"
            left, stall = (
                (found.bad, "")
                if found.load is None
                else found.load.unexplained(~found.load.ok, WitnessedStalls(events))
            )
            findings.timed(said + found.why, stall if left <= budget * found.tried else "", *found.events)
    return findings.verdict(
        good,
        look="the errors in the workload event and the replicas' logs at that time",
        look_unknown="the workload's rate, and whether the machine is too busy to send it",
    )
