"""A second attempt fails where the first one succeeded."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import SECOND


def diagnose(case: Case) -> Diagnosis | None:
    """A rollback or a deployment failed by its own account, and one before it did not."""
    for place, attempt in enumerate(case.attempts):
        earlier = [one for one in case.attempts[:place] if one.verb == attempt.verb and one.well]
        if not earlier or attempt.well or attempt.stopped or attempt.end is None:
            continue
        return Diagnosis(
            f"{attempt.name} failed, and the first one had not; it {attempt.ended}",
            SECOND,
            ids(attempt.ids, earlier[-1].ids),
            "what the first attempt left for the deployer to find: its lock, its registry, its directories",
            ids(attempt.after.failing("deployer", "release", "convergence", "second-deployment", "no-change")),
        )
    return None
