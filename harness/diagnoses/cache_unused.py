"""The old release finds what the new one cached, and does not use it."""

from __future__ import annotations

from harness.diagnoses._case import Attempt, Case, Diagnosis, ids
from harness.diagnoses._kinds import CACHE
from harness.diagnoses._shared import back, told
from harness.diagnoses._work import WAITING, between, busy_with, caches
from harness.fingerprint import Difference

AS_BEFORE = 0.9  # times what was found before


def diagnose(case: Case) -> Diagnosis | None:
    """After a rollback entries have another form than before, the cache finds as much of what it is asked for as
    before, and the database is at work all the same, at what it was not before.
    """
    found = [(attempt, *one) for attempt in case.rollbacks if (one := _changed(case, attempt)) is not None]
    for attempt, other, verdicts in found:
        statement, seen = busy_with(case.before, attempt.after)
        shares = _found(case, attempt)
        if not statement or not shares or not attempt.after.failing(*WAITING):
            continue
        name, was, now = shares
        return Diagnosis(
            f"the old release finds what the new one cached and does not use it: {told(other)}; {name} finds {now:.0%}"
            f" of what it is asked for, {was:.0%} before, and requests take the slow path all the same: the database"
            f" works at {statement[:80]}, and did not before",
            CACHE,
            ids(attempt.ids, verdicts, seen[:3]),
            f"what {case.new} writes into the cache, whether {case.old} was made to read it, and whether it writes over"
            " what it cannot read",
            ids(*((*ids(one.after.failing(*WAITING)), *by) for one, _, by in found)),
            certainty=2,
        )
    return None


def _changed(case: Case, attempt: Attempt) -> tuple[list[Difference], tuple[int, ...]] | None:
    """The kinds of keys whose entries have another form than before, and the verdicts that say so."""
    if not back(case, attempt):
        return None
    every = case.differences(attempt.after, "trace")
    other = [one for found in every.values() for one in found if one.part == "keys" and _form(one)]
    return (other, tuple(every)) if other else None


def _form(one: Difference) -> bool:
    was, now = one.before, one.after
    return isinstance(was, dict) and isinstance(now, dict) and was.get("format") != now.get("format")


def _found(case: Case, attempt: Attempt) -> tuple[str, float, float] | None:
    """The name of a cache that finds as much as before, and the share that it found then and finds now."""
    usual = {name: between(looks).share for name, looks in caches(case.before).items()}
    for name, looks in caches(attempt.after).items():
        if name in usual and (now := between(looks).share) >= AS_BEFORE * usual[name] > 0.0:
            return name, usual[name], now
    return None
