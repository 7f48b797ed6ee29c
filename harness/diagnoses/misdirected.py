"""A server of the load balancer leads to another replica than the one whose name it has."""

from __future__ import annotations

from harness.checks._served import misdirected
from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import BALANCER
from harness.event import of
from harness.events import ProbeHaproxy


def diagnose(case: Case) -> Diagnosis | None:
    """The load balancer calls a server up after an attempt, and its replica answered no request, as it did before."""
    for attempt in case.attempts:
        for verdict in attempt.after.failing("convergence"):
            phase = verdict.phase or ""
            looks = [one for one in of(case.events, ProbeHaproxy, phase) if one.body.servers]
            known = tuple(event for event in case.events if event.id < verdict.id)
            found = list(misdirected(known, phase, looks[-1] if looks else None, tuple(attempt.after.releases)))
            if found:
                said, *shown = found[0]
                return Diagnosis(
                    f"{said} (after {attempt.name})",
                    BALANCER,
                    ids(attempt.ids, shown),
                    "the address of this server in the load balancer, and who wrote it",
                    ids(attempt.after.failing("convergence", "logs")),
                )
    return None
