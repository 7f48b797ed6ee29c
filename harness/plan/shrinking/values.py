"""Plans with simpler values in the same steps: fewer checks, a named replica, a milder fault, a shorter hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.plan.plan import Plan
from harness.plan.shrinking.cut import Cut, changing, checks_of, with_checks
from harness.stack import Stack

MILDER = (
    "ms",
    "jitter",
    "fraction",
    "toxicity",
    "count",
    "share",
    "seconds",
    "delay_us",
)  # what is worse when it is more
SELECTORS = ("from", "to", "on", "a", "b")
PICKS = ("one", "minority", "all")
SHORTEST = 1.0  # s of a hold


def values(plan: Plan, failing: int | None, check: str, stack: Stack) -> Iterator[Cut]:
    """Candidates in the order in which they are tried. Not all of them make sense on the stack.

    Args:
        failing: the number of the step that failed first, from 1; None where that is not known.
        check: the check that failed.
    """
    yield from _checks(plan, failing, check)
    for at, step in enumerate(plan.steps):
        fault = getattr(step, "fault", None)
        if isinstance(fault, Mapping):
            yield from _faults(plan, at, fault, stack)
    for at, step in enumerate(plan.steps):
        if getattr(step, "drain", None) is not None:
            yield from _changed(plan, at, "no wait for the queue", drain=None)
        if getattr(step, "rate", None) is not None:
            yield from _changed(plan, at, "load at its declared rate", rate=None)
        seconds = getattr(step, "seconds", None)
        if isinstance(seconds, float) and seconds > SHORTEST:
            for less in dict.fromkeys((SHORTEST, max(SHORTEST, round(seconds / 2, 1)))):
                yield from _changed(plan, at, f"{less:g} s instead of {seconds:g} s", seconds=less)


def _checks(plan: Plan, failing: int | None, check: str) -> Iterator[Cut]:
    bare = plan
    for at, step in enumerate(plan.steps):
        if at + 1 != failing and checks_of(step) and hasattr(step, "seconds"):
            bare = with_checks(bare, at, ())
    if bare != plan:
        yield Cut(bare, "no checks but in the step that failed")
    for at, step in enumerate(plan.steps):
        asked = checks_of(step)
        if at + 1 == failing:
            only = [one for one in asked if one.check == check]
            if only and len(only) < len(asked):
                yield Cut(with_checks(plan, at, only), f"step {at + 1}: {check} alone")
        elif asked and hasattr(step, "seconds"):
            yield Cut(with_checks(plan, at, ()), f"step {at + 1}: no checks")


def _faults(plan: Plan, at: int, fault: Mapping[str, Any], stack: Stack) -> Iterator[Cut]:
    for key in SELECTORS:
        for name in _named(str(fault.get(key, "")), stack):
            said = f"{key} {name} instead of {fault[key]}"
            yield from _changed(plan, at, said, fault={**fault, key: name})
    for key in MILDER:
        amount = fault.get(key)
        if isinstance(amount, (int, float)) and not isinstance(amount, bool):
            for less in _less(amount):
                yield from _changed(plan, at, f"{key} {less:g} instead of {amount:g}", fault={**fault, key: less})


def _named(selector: str, stack: Stack) -> list[str]:
    """The replicas that a selector with a choice may mean."""
    pick, _, service = selector.partition(" of ")
    if pick not in PICKS:
        return []
    of = [stack.services[service]] if service in stack.services else list(stack.services.values())
    return [name for one in of for name in one.replica_names()]


def _less(amount: float) -> list[float]:
    """A quarter and half of it: whole numbers of whole numbers."""
    whole = isinstance(amount, int)
    less = (amount // 4, amount // 2) if whole else (round(amount / 4, 3), round(amount / 2, 3))
    return [one for one in dict.fromkeys(less) if 0 < one < amount]


def _changed(plan: Plan, at: int, words: str, **to: object) -> Iterator[Cut]:
    made = changing(plan, at, words, **to)
    if made is not None:
        yield made
