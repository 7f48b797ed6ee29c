"""A deployment is killed half-way: it is begun again, or what it left is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from harness.plan.random.draft import Draft, Stage
from harness.plan.random.draws import Draws
from harness.plan.random.mutators._base import Ground, Mutator, Place
from harness.plan.random.mutators._left_half import goes_on

COMPLETED = 3  # once in so many times the deployment is completed; rolling back what it left is tested less elsewhere


class InterruptDeployment(Mutator):
    """The deployer is killed when some replicas run the new release. Mostly what it left is rolled back as it is."""

    weight: ClassVar[int] = 7
    stages: ClassVar[tuple[Stage, ...]] = ("deploy", "deploy-again")
    excludes: ClassVar[tuple[str, ...]] = ("double-command",)

    def places(self, draft: Draft, ground: Ground) -> Iterator[Place]:
        """Every deployment to a fleet of two or more, unless something is to happen when it is complete, or half-way in
        the rollback that follows.
        """
        for number, leg in enumerate(draft.legs):
            halves = [fault for fault in leg.faults if fault.moment == "half"]
            if leg.verb == "deploy" and len(ground.fleet) > 1 and not halves:
                yield Place(number, leg.own)

    def apply(self, draft: Draft, place: Place, ground: Ground, draws: Draws) -> Draft | None:
        """Stop it when so many replicas run the new release."""
        stopped, completed = draws.between(1, len(ground.fleet) - 1), draws.once_in(COMPLETED)
        if not completed and goes_on(draft, place.leg):
            return None
        return draft.changed(place.leg, self.mutator_name(), stopped=stopped, completed=completed)
