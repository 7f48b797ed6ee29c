"""A rollback says that it succeeded, and the whole fleet still runs the new release."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import NOTHING
from harness.diagnoses._shared import follow


def diagnose(case: Case) -> Diagnosis | None:
    """Every replica ran the new release before the rollback, and runs it after that."""
    for before, attempt in zip(case.attempts, case.attempts[1:], strict=False):
        was, now = before.after.releases, attempt.after.releases
        ran = {event.body.release for event in was.values()} | {event.body.release for event in now.values()}
        if attempt.verb == "rollback" and attempt.well and now and was and ran == {case.new} and case.new != case.old:
            return Diagnosis(
                f"{attempt.name} says that it succeeded, and restored nothing: every replica still runs {case.new}",
                NOTHING,
                ids(attempt.ids, now.values()),
                "what the deployer does beside saying so: whether anything is switched and restarted, and who looks at"
                " the exit codes of its parts",
                follow(attempt),
            )
    return None
