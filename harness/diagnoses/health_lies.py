"""The health check says that all is well while most requests fail."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import HEALTH
from harness.diagnoses._shared import windows
from harness.event import of
from harness.events import ProbeHealth

MOST = 0.5  # of the requests


def diagnose(case: Case) -> Diagnosis | None:
    """Every replica says that it is healthy after an attempt, and at least half of the requests fail."""
    for attempt in case.attempts:
        load = [event for event in windows(attempt.after) if event.body.sent and attempt.after.passed("health")]
        bad = [event for event in load if event.body.failed >= MOST * event.body.sent]
        said = of(attempt.after.events, ProbeHealth)
        verdicts = attempt.after.failing("errors")
        if not bad or not said or not verdicts:
            continue
        failed, sent = sum(event.body.failed for event in bad), sum(event.body.sent for event in bad)
        return Diagnosis(
            f"every replica says that it is healthy after {attempt.name}, and {failed} of {sent} requests fail",
            HEALTH,
            ids(attempt.ids, said, bad),
            "what the health check asks: it has to go the way that a request goes",
            ids(verdicts),
            certainty=2,
        )
    return None
