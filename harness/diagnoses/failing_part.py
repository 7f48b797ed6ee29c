"""What the failed requests have in common: their kind, who answered them, with what."""

from __future__ import annotations

from collections import Counter

from harness.diagnoses._case import Attempt, Case, Diagnosis, ids
from harness.diagnoses._kinds import DEPLOYMENT, PARTIAL
from harness.diagnoses._shared import windows
from harness.events import FailedRequests

CHECKS = ("errors", "availability", "performance")
MIN_FAILED = 3  # failures; what fewer have in common may be chance


def diagnose(case: Case) -> Diagnosis | None:
    """All failures after an attempt are of one kind of request, or of one server, and others succeed."""
    for attempt in case.attempts:
        if attempt.after.failing(*CHECKS) and (found := _common(attempt)) is not None:
            return found
    return None


def _common(attempt: Attempt) -> Diagnosis | None:
    load = windows(attempt.after)
    groups = [group for event in load for group in event.body.failures]
    total = sum(group.count for group in groups)
    if total < MIN_FAILED or total != sum(event.body.failed + event.body.shed for event in load):
        return None
    kinds, servers, outcomes = (_counted(groups, key) for key in ("request", "server", "outcome"))
    others = sum(event.body.ok for event in load)
    of_a_kind = len(kinds) == 1 and len({name for event in load for name in event.body.requests}) > 1
    of_one = len(servers) == 1 and "" not in servers
    if not (of_a_kind or of_one) or not others:
        return None
    what = f"{next(iter(kinds))} " if len(kinds) == 1 else ""
    who = f" by {next(iter(servers))}" if of_one else ""
    how = f" with {next(iter(outcomes))}" if len(outcomes) == 1 else ""
    return Diagnosis(
        f"all {total} failures after {attempt.name} are {what}requests answered{who}{how}, and {others} others succeed",
        PARTIAL if attempt.verb == "rollback" else DEPLOYMENT,
        ids(attempt.ids, (event for event in load if event.body.failures)),
        f"what {'this replica' if of_one else 'this kind of request'} has that others have not, and its log then",
        ids(attempt.after.failing("errors", "availability")),
        certainty=2,
    )


def _counted(groups: list[FailedRequests], key: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for group in groups:
        found[str(getattr(group, key))] += group.count
    return found
