"""A second rollback finds that nothing is left to take back, and starts server processes again all the same."""

from __future__ import annotations

from harness.checks._processes import ReplicaProcesses, of_replicas
from harness.diagnoses._case import Attempt, Case, Diagnosis, ids, names
from harness.diagnoses._kinds import SECOND
from harness.event import Event


def diagnose(case: Case) -> Diagnosis | None:
    """Every replica ran the old release before and after a further rollback, and none of the processes that served
    before it is there after it.
    """
    known = of_replicas(case.events)
    for before, attempt in zip(case.attempts, case.attempts[1:], strict=False):
        if attempt.verb != "rollback" or attempt.number < 2 or not _nothing_to_do(case, before, attempt):
            continue
        found = {
            replica: again
            for replica in attempt.after.releases
            if (again := _again(known.get(replica, ReplicaProcesses()), attempt))[0]
        }
        failed = {one.body.check for one in before.after.failed}
        if found:
            servers = names(sorted({name for names_, _ in found.values() for name in names_}))
            who = names(tuple(found), tuple(attempt.after.releases))
            return Diagnosis(
                f"{attempt.name} restarted {servers} of {who} although there was nothing to take back",
                SECOND,
                ids(attempt.ids, (event for _, events in found.values() for event in events)),
                "what the deployer does before it finds that the release is back already, and how many it restarts at"
                " a time",
                ids(one for one in attempt.after.failed if one.body.check not in failed),
            )
    return None


def _nothing_to_do(case: Case, before: Attempt, attempt: Attempt) -> bool:
    """The rollback before it went well, and every replica ran the old release before this one, and after it."""
    was, now = (
        {name: one.body.release for name, one in stage.releases.items()} for stage in (before.after, attempt.after)
    )
    return before.well and was == now and set(was.values()) == {case.old}


def _again(mine: ReplicaProcesses, attempt: Attempt) -> tuple[list[str], list[Event]]:
    """The names of what served before an attempt and was started again by it, with the looks that show it."""
    last = attempt.after.events[-1].id if attempt.after.events else attempt.start.id
    was = [look for look in mine.looks if look.event.id < attempt.start.id]
    now = [look for look in mine.looks if attempt.start.id < look.event.id <= last]
    if not was or not now:
        return [], []
    before, after = was[-1], now[-1]
    found = [
        role[0]
        for role, instances in before.roles.items()
        if mine.serves(instances) and after.roles.get(role) and not instances & after.roles[role]
    ]
    return found, [before.event, after.event] if found else []
