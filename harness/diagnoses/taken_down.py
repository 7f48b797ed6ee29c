"""What ran before does not run any more."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids, names
from harness.diagnoses._kinds import DEPLOYMENT, DESTROYED
from harness.event import Event, of
from harness.events import ProbeContainer

CHECKS = ("containers", "release", "convergence", "health", "deployer")


def diagnose(case: Case) -> Diagnosis | None:
    """A container that ran before is there no longer, or ended, after an attempt of the deployer."""
    ran = {one.body.replica for one in of(case.before.events, ProbeContainer) if one.body.status == "running"}
    for attempt in case.attempts:
        last: dict[str, Event[ProbeContainer]] = {
            event.body.replica: event for event in of(attempt.after.events, ProbeContainer)
        }
        down = {name: one for name, one in last.items() if name in ran and one.body.status not in (None, "running")}
        if not down:
            continue
        codes = sorted({str(one.body.exit_code) for one in down.values() if one.body.exit_code is not None})
        how = f", exit code {' and '.join(codes)}" if codes else ""
        verb = "is" if len(down) == 1 else "are"
        return Diagnosis(
            f"{names(tuple(down), tuple(last))} {verb} down after {attempt.name}{how}",
            DESTROYED if attempt.verb == "rollback" else DEPLOYMENT,
            ids(attempt.ids, down.values()),
            f"the last lines of the log of {names(tuple(down))}, and what the deployer stopped",
            ids(attempt.after.failing(*CHECKS)),
        )
    return None
