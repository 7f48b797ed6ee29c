"""Connections hold plans that were prepared for another schema."""

from __future__ import annotations

import re

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._complaints import complaints, said
from harness.diagnoses._kinds import PLANS

_PLAN = re.compile(r"cached plan must not change|prepared statement \S+ (does not|already) exist", re.IGNORECASE)


def diagnose(case: Case) -> Diagnosis | None:
    """PostgreSQL's own words about a plan that does not fit are new in a log, and something failed."""
    for attempt in case.attempts:
        found = [one for one in complaints(case, attempt) if _PLAN.search(one[1])]
        if found:
            return Diagnosis(
                f"connections kept plans of another schema over {attempt.name}: {said(found[0])}",
                PLANS,
                ids(attempt.ids, (event for event, _ in found)),
                "whether connections are closed, or their plans given up, when the schema changes",
                ids(attempt.after.failing("errors", "logs", "health", "acknowledged", "queue")),
            )
    return None
