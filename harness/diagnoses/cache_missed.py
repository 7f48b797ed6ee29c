"""What is asked for is not in the cache, however long it is asked for: what is worked out is not found again."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids
from harness.diagnoses._kinds import LOOKUP
from harness.diagnoses._work import WAITING, Cache, Found, between, busy_with, caches

LEAST_SECONDS = 20.0  # a cache that is cold has filled by then, or is filling
LEAST_ASKED = 200  # look-ups
FEWER = 0.5  # times what was found before
FILLING = 0.1  # of what is asked for: what is found more in the second half of the time than in the first


def diagnose(case: Case) -> Diagnosis | None:
    """After an attempt a cache finds half as much of what it is asked for as before, and not more after a while; it
    gave nothing up; and what waits for it is slow or piles up.
    """
    usual = {name: between(looks) for name, looks in caches(case.before).items()}
    found = [
        (attempt, name, now)
        for attempt in case.attempts
        if attempt.after.failing(*WAITING)
        for name, looks in caches(attempt.after).items()
        if name in usual and (now := _missed(usual[name], looks)) is not None
    ]
    if not found:
        return None
    attempt, name, now = found[0]
    statement, seen = busy_with(case.before, attempt.after)
    return Diagnosis(
        f"requests take the slow path after {attempt.name}: {name} finds {now.share:.0%} of what it is asked for,"
        f" {usual[name].share:.0%} before, and no more of it in {now.seconds:.0f} s: what is worked out is not found"
        f" again{_busy(statement)}",
        LOOKUP,
        ids(attempt.ids, (usual[name].looks[-1], now.looks[0], now.looks[-1]), seen[:3]),
        "under which key each release looks something up, and under which it writes it: the release in a key may be"
        " remembered, or read from where it is not up to date",
        ids(*(one.after.failing(*WAITING) for one, _, _ in found)),
        certainty=2,
    )


def _missed(usual: Found, looks: tuple[Cache, ...]) -> Found | None:
    """What the cache found, where that is so much less, and does not become more."""
    half = len(looks) // 2
    now, first, second = between(looks), between(looks[: half + 1]), between(looks[half:])
    less = second.share < FEWER * usual.share and second.share - first.share < FILLING
    enough = now.seconds >= LEAST_SECONDS and min(usual.asked, first.asked, second.asked) >= LEAST_ASKED
    return now if less and enough else None


def _busy(statement: str) -> str:
    return f"; the database works at {statement[:80]}, and did not before" if statement else ""
