"""Plans with fewer steps: what cuts most is tried first.

What comes after the step that failed first cannot matter to it. Most often little of what comes before does: so the
step alone is tried, with nothing but what it needs, then with the faults and the deployments; then blocks, then steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from harness.plan.plan import Plan
from harness.plan.shrinking.cut import Cut, checks_of, keeping, looks, pairs, with_checks, with_step, without
from harness.plan.steps.attempt import Attempt
from harness.plan.steps.deploy import Deploy
from harness.plan.steps.rollback import Rollback


def structures(plan: Plan, failing: int | None, check: str) -> Iterator[Cut]:
    """Candidates in the order in which they are tried. Not all of them make sense on a stack.

    Args:
        failing: the number of the step that failed first, from 1; None where that is not known.
        check: the check that failed.
    """
    last = len(plan.steps)
    if failing is not None and failing < last:
        yield without(plan, range(failing, last))
    if failing is not None and 1 <= failing <= last:
        yield from _around(plan, failing - 1, check)
    together = pairs(plan)
    if together:
        yield without(plan, {one for pair in together for one in pair})
    for pair in together:
        yield without(plan, pair)
        yield from _plain(plan, pair)
    yield from _blocks(plan, together)
    yield from _there_and_back(plan, together)
    yield from (without(plan, {one}) for one in reversed(range(last)))


def _around(plan: Plan, failing: int, check: str) -> Iterator[Cut]:
    """What the failing step needs, and that with what may matter."""
    faults = [one for pair in pairs(plan) if pair[0] <= failing for one in pair]
    changes = [at for at in range(failing) if plan.steps[at].changes]
    alone = _alone(plan, failing, check)
    for more, words in (
        ([], ""),
        (faults, " and the faults"),
        (changes, " and what changes releases"),
        (faults + changes, ", the faults and what changes releases"),
    ):
        for one in (alone, plan):
            yield keeping(one, needed(one, {failing, *more}), f"what step {failing + 1} needs{words}")


def _alone(plan: Plan, failing: int, check: str) -> Plan:
    """With the check that failed as the only one of its step."""
    only = [one for one in checks_of(plan.steps[failing]) if one.check == check]
    if not only:
        return plan
    made = with_checks(plan, failing, only)
    bare = None if check == "queue" or getattr(made.steps[failing], "drain", None) is None else made.steps[failing]
    return made if bare is None else with_step(made, failing, bare.model_copy(update={"drain": None}))


def needed(plan: Plan, wanted: Iterable[int]) -> set[int]:
    """These steps, by their place from 0, and those before them that give what they need: also the last one that
    changed the releases before each that looks at something.
    """
    kept: set[int] = set()
    left = list(wanted)
    while left:
        at = left.pop()
        if at in kept:
            continue
        kept.add(at)
        step, before = plan.steps[at], range(at - 1, -1, -1)
        for need in step.requires():
            left += [one for one in before if need in plan.steps[one].provides()][:1]
        if looks(step):
            left += [one for one in before if plan.steps[one].changes][:1]
    return kept


def _plain(plan: Plan, pair: tuple[int, ...]) -> Iterator[Cut]:
    """An attempt without its fault is a deployment, or a rollback."""
    step = plan.steps[pair[0]]
    if isinstance(step, Attempt):
        deploys = step.verb == "deploy"
        made = Deploy(phase=step.phase, release=step.release) if deploys else Rollback(phase=step.phase)
        kept = set(range(len(plan.steps))) - set(pair[1:])
        yield keeping(with_step(plan, pair[0], made), kept, f"step {pair[0] + 1} without its fault")


def _there_and_back(plan: Plan, together: list[tuple[int, ...]]) -> Iterator[Cut]:
    """A deployment and the rollback after it: one of them alone would leave another release than was meant."""
    joined = {pair[0]: set(pair) for pair in together}
    changes = [at for at, step in enumerate(plan.steps) if step.changes]
    for one, other in pairwise(changes):
        yield without(plan, {one, other} | joined.get(one, set()) | joined.get(other, set()))


def _blocks(plan: Plan, together: list[tuple[int, ...]]) -> Iterator[Cut]:
    """Halves, quarters and so on, of what belongs together."""
    joined = {one: pair for pair in together for one in pair}
    units = list(dict.fromkeys(joined.get(at, (at,)) for at in range(len(plan.steps))))
    size = len(units) // 2
    while size > 1:
        for begin in range(0, len(units), size):
            yield without(plan, {one for unit in units[begin : begin + size] for one in unit})
        size //= 2
