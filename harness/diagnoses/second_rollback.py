"""A second rollback goes on to another release, instead of finding that nothing is left to take back."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids, names
from harness.diagnoses._kinds import SECOND
from harness.diagnoses._shared import follow


def diagnose(case: Case) -> Diagnosis | None:
    """A replica ran another release after a rollback than after the rollback before it."""
    for before, attempt in zip(case.attempts, case.attempts[1:], strict=False):
        if attempt.verb != "rollback" or attempt.number < 2:
            continue
        was, now = before.after.releases, attempt.after.releases
        moved = {
            name: event
            for name, event in now.items()
            if event.body.release not in (None, case.old)
            and name in was
            and was[name].body.release not in (None, event.body.release)
        }
        if not moved:
            continue
        targets = sorted({event.body.release or "" for event in moved.values()})
        way = "went forward to" if targets == [case.new] else "went on to"
        who = "" if set(moved) == set(now) else f" on {names(tuple(moved), tuple(now))}"
        return Diagnosis(
            f"{attempt.name} {way} {' and '.join(targets)}{who}",
            SECOND,
            ids(attempt.ids, (was[name] for name in moved), moved.values()),
            "what the deployer takes for the previous release once a rollback is done",
            follow(attempt),
        )
    return None
