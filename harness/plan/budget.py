"""How long plans take, and which of them a time suffices for: in their order, which is that of what finds most."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from harness.plan.pace import Pace
from harness.plan.plan import Plan

# Seconds, as the reference stack takes them on two cores.
UP = 5.0  # to bring an environment up, and to take it down
CHANGE = 3.2  # of a deployment or a rollback
FAULT = 2.5  # to inject a fault or to heal it, and to prove that
FAULTS = ("inject", "heal", "attempt")
NAMED = 6  # plans that are named at most


def estimate(plan: Plan) -> float:
    """About how many seconds a plan takes. What it waits for while a service recovers is not in it."""
    holds = sum(float(getattr(step, "seconds", 0.0)) for step in plan.steps)
    changes = sum(step.changes for step in plan.steps)
    faults = sum(step.to_data()["step"] in FAULTS for step in plan.steps)
    return UP + holds + CHANGE * changes + FAULT * faults


@dataclass
class Budget:
    """A time to spend on plans, one after the other.

    Attributes:
        seconds: the whole; None for as long as it takes.
        spent: by those that were run.
    """

    seconds: float | None = None
    spent: float = 0.0
    _pace: Pace = field(default_factory=Pace)

    def allows(self, seconds: float) -> bool:
        """Whether there is time for a plan with this estimate, held against how long the others took. The first one is
        always run: a budget in which nothing fits would say nothing.
        """
        return self.seconds is None or not self.spent or self.spent + self._pace.expected(seconds) <= self.seconds

    def took(self, estimated: float, seconds: float) -> None:
        """A plan was run."""
        self._pace.took(estimated, seconds)
        self.spent += seconds


def fitting(plans: Sequence[Plan], seconds: float | None) -> tuple[list[Plan], list[Plan]]:
    """Those that are likely to be run in a time, and those that are not, if each takes what it is estimated at."""
    budget, kept, left = Budget(seconds), list[Plan](), list[Plan]()
    for plan in plans:
        needed = estimate(plan)
        if budget.allows(needed):
            budget.took(needed, needed)
            kept.append(plan)
        else:
            left.append(plan)
    return kept, left


def about(seconds: float) -> str:
    """`about 40 seconds`, `about 5 minutes`."""
    return f"about {seconds:.0f} seconds" if seconds < 100 else f"about {seconds / 60:.0f} minutes"


def named(names: Iterable[str]) -> str:
    """`round-trip, half-deployment`; of many the first ones, and how many more."""
    every = list(names)
    more = f" and {len(every) - NAMED} more" if len(every) > NAMED else ""
    return ", ".join(itertools.islice(every, NAMED)) + more
