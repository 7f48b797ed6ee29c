"""Trying candidates in parallel: the first of them that a sequential test keeps.

Each slot takes a run of the first candidate that needs one more than are under way, so that a plan that always fails
has as many candidates tried at once as there are slots, and one that fails sometimes has runs of the same candidate.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from harness.plan.plan import Plan
from harness.plan.shrinking.cut import Cut
from harness.plan.shrinking.outcomes import Outcomes, Tried
from harness.plan.shrinking.wald import Decision, Wald
from harness.plan.signature import Signature
from harness.verdict import Outcome

Try = Callable[[Plan, threading.Event], Tried]
"""Runs a plan once; where the event is set meanwhile, it ends early, and what it returns is not used."""
UNKNOWNS = 3  # runs of a candidate that may be unknown before it is given up
LOOK_EVERY = 0.5  # s between two looks at whether the time is over


@dataclass(frozen=True, slots=True)
class Counted:
    """The runs of a plan. Attributes: failed: with the signature. passed: those that passed, or failed otherwise."""

    failed: int
    passed: int
    unknown: int

    @classmethod
    def of(cls, tried: Iterable[Tried], target: Signature) -> Counted:
        """What the runs say of a failure. Unknown is neither."""
        every = list(tried)
        known = [one for one in every if one.outcome is not Outcome.UNKNOWN]
        failed = sum(target.same(one.signature) for one in known)
        return cls(failed, len(known) - failed, len(every) - len(known))


@dataclass
class Slots:
    """Runs plans, each in a thread, as many at once as there are slots; every outcome is kept.

    Attributes:
        attempt: runs a plan once.
        outcomes: what is known already.
        jobs: how many at once.
        over: whether the time is over: nothing is started then, and what is under way is stopped.
        told: called with each outcome of a run.
    """

    attempt: Try
    outcomes: Outcomes
    jobs: int
    over: Callable[[], bool]
    told: Callable[[Plan, Tried], None] = lambda _plan, _tried: None
    runs: int = field(default=0, init=False)
    undecided: bool = field(default=False, init=False)  # of the last search: a candidate came to no verdict too often

    def first(self, cuts: list[Cut], test: Wald, target: Signature) -> Cut | None:
        """The first candidate that the test keeps; None where it keeps none, or the time is over."""
        left = list(cuts)

        def want(under_way: list[Plan]) -> Plan | None:
            for cut in left:
                counted = Counted.of(self.outcomes.of(cut.plan), target)
                if self._hopeless(counted):
                    continue
                if under_way.count(cut.plan) < test.fewest(counted.failed, counted.passed):
                    return cut.plan
            return None

        def done() -> bool:
            decided = {id(cut): self._decision(cut.plan, test, target) for cut in left}
            if "fails" in decided.values():
                return True
            left[:] = [cut for cut in left if decided[id(cut)] is None]
            return not left

        self._run(want, done)
        self.undecided = any(self._hopeless(Counted.of(self.outcomes.of(cut.plan), target)) for cut in left)
        return next((cut for cut in cuts if self._decision(cut.plan, test, target) == "fails"), None)

    def repeat(self, plan: Plan, enough: Callable[[tuple[Tried, ...]], int]) -> tuple[Tried, ...]:
        """Run one plan until `enough`, given what came of it so far, asks for no more runs; returns all of them."""
        self._run(
            lambda under_way: plan if len(under_way) < enough(self.outcomes.of(plan)) else None,
            lambda: enough(self.outcomes.of(plan)) <= 0,
        )
        return self.outcomes.of(plan)

    def _hopeless(self, counted: Counted) -> bool:
        return counted.unknown >= UNKNOWNS and counted.unknown > counted.failed + counted.passed

    def _decision(self, plan: Plan, test: Wald, target: Signature) -> Decision | None:
        counted = Counted.of(self.outcomes.of(plan), target)
        return test.decide(counted.failed, counted.passed)

    def _run(self, want: Callable[[list[Plan]], Plan | None], done: Callable[[], bool]) -> None:
        stop = threading.Event()
        under_way: dict[Future[None], Plan] = {}
        with ThreadPoolExecutor(self.jobs, thread_name_prefix="shrink") as pool:
            try:
                while not done() and not self.over():
                    while len(under_way) < self.jobs and (plan := want(list(under_way.values()))) is not None:
                        under_way[pool.submit(self._one, plan, stop)] = plan
                    if not under_way:
                        break
                    ended, _ = wait(under_way, LOOK_EVERY, return_when=FIRST_COMPLETED)
                    for future in ended:
                        del under_way[future]
                        future.result()
            finally:
                stop.set()

    def _one(self, plan: Plan, stop: threading.Event) -> None:
        number = self.outcomes.start(plan)
        found = self.attempt(plan, stop)
        if stop.is_set() and found.outcome is Outcome.UNKNOWN:
            self.outcomes.withdrawn(plan, number)
            return
        self.runs += 1
        self.outcomes.end(plan, number, found)
        self.told(plan, found)
