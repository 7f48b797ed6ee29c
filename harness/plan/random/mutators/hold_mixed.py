"""Mixed releases for long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from harness.plan.random.draft import Draft, Stage
from harness.plan.random.draws import Draws
from harness.plan.random.mutators._base import Ground, Mutator, Place

LEAST, MOST = 8, 20  # s


class HoldMixed(Mutator):
    """A fleet that was left half-way serves for a while as it is."""

    weight: ClassVar[int] = 14
    stages: ClassVar[tuple[Stage, ...]] = ("half-deployed", "half-rolled-back")

    def places(self, draft: Draft, ground: Ground) -> Iterator[Place]:  # noqa: ARG002
        """Wherever the deployer was killed half-way."""
        yield from (Place(number, leg.half) for number, leg in enumerate(draft.legs) if leg.stopped)

    def apply(self, draft: Draft, place: Place, ground: Ground, draws: Draws) -> Draft | None:  # noqa: ARG002
        """Hold it."""
        return draft.changed(place.leg, self.mutator_name(), mixed=draws.between(LEAST, MOST))
