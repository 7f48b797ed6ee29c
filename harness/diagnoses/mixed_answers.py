"""Some workers of a replica were left on the other release."""

from __future__ import annotations

from collections.abc import Mapping

from harness.diagnoses._case import Case, Diagnosis, ids, names
from harness.diagnoses._kinds import PART, WORKERS
from harness.diagnoses._shared import follow
from harness.event import Event, of
from harness.events import ProbeRelease


def diagnose(case: Case) -> Diagnosis | None:
    """A replica that was asked more than once after an attempt named more than one release."""
    for attempt in case.attempts:
        mixed = {one.body.replica: one for one in of(attempt.after.events, ProbeRelease) if len(_named(one)) > 1}
        if not mixed:
            continue
        target = case.old if attempt.verb == "rollback" else attempt.release or case.new
        others = sorted({name for one in mixed.values() for name in _named(one)} - {target})
        counts = [_named(one) for one in mixed.values()]
        wrong = sum(count for found in counts for name, count in found.items() if name != target)
        total = sum(sum(found.values()) for found in counts)
        return Diagnosis(
            f"a part of {names(tuple(mixed), tuple(attempt.after.releases))} was left on {' and '.join(others)} by "
            f"{attempt.name}: {wrong} of {total} answers name it",
            WORKERS if attempt.verb == "rollback" else PART,
            ids(attempt.ids, mixed.values()),
            "which processes of these replicas were not started again: workers, forks, a master that outlives them",
            ids(follow(attempt), attempt.after.failing("answers", "loaded")),
        )
    return None


def _named(event: Event[ProbeRelease]) -> Mapping[str, int]:
    """How often a replica named which release; nothing where it was asked once."""
    found = event.data.get("answers")
    return {name: n for name, n in found.items() if type(n) is int and n} if isinstance(found, Mapping) else {}
