"""Several deployments fail one after the other, and what they left is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from harness.plan.random.draft import Draft, Stage
from harness.plan.random.draws import Draws
from harness.plan.random.mutators._base import Ground, Mutator, Place
from harness.plan.random.mutators._left_half import goes_on


class FailedDeployments(Mutator):
    """The deployer is killed half-way, is called again and killed again, two or three times in all. The rollback then
    starts from what is left, and from whatever the deployer took for the previous release each time.
    """

    weight: ClassVar[int] = 3
    stages: ClassVar[tuple[Stage, ...]] = ("deploy", "deploy-again")
    excludes: ClassVar[tuple[str, ...]] = ("double-command", "interrupt-deployment", "two-deployers")

    def places(self, draft: Draft, ground: Ground) -> Iterator[Place]:
        """Every deployment to a fleet of two or more after which nothing is to happen but its rollback."""
        for number, leg in enumerate(draft.legs):
            halves = [fault for fault in leg.faults if fault.moment == "half"]
            if leg.verb == "deploy" and len(ground.fleet) > 1 and not halves and not goes_on(draft, number):
                yield Place(number, leg.own)

    def apply(self, draft: Draft, place: Place, ground: Ground, draws: Draws) -> Draft | None:
        """Stop it so often, the last time when so many replicas run the new release."""
        stopped, failures = draws.between(1, len(ground.fleet) - 1), draws.between(1, 2)
        return draft.changed(place.leg, self.mutator_name(), stopped=stopped, failures=failures, completed=False)
