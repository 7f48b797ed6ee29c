"""Fleet and registry name different releases."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import LOOKUP
from harness.event import of
from harness.events import ProbeRegistry


def diagnose(case: Case) -> Diagnosis | None:
    """Every replica runs one release after an attempt of the deployer, and the registry names another."""
    for attempt in case.attempts:
        stage = attempt.after
        asked = of(stage.events, ProbeRegistry)
        runs = {event.body.release for event in stage.releases.values()}
        if not asked or len(runs) != 1 or None in runs or attempt.stopped:
            continue
        (release,), said = runs, asked[-1].body.release
        if said in (None, release):
            continue
        how = "is back on" if attempt.verb == "rollback" and release == case.old else "runs"
        return Diagnosis(
            f"the fleet {how} {release}, the registry says {said} after {attempt.name}",
            LOOKUP,
            ids(attempt.ids, stage.releases.values(), asked[-1:]),
            "who writes the registry last, and who reads it through a cache",
            ids(stage.failing("registry", "convergence", "no-change")),
        )
    return None
