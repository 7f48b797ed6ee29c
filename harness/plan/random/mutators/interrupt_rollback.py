"""A rollback is killed half-way, and begun again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from harness.plan.random.draft import Draft, Stage
from harness.plan.random.draws import Draws
from harness.plan.random.mutators._base import Ground, Mutator, Place


class InterruptRollback(Mutator):
    """The deployer is killed when some replicas are back on the old release; then it rolls back once more. A second
    rollback has nothing to do, and one from half a deployment finds replicas on the old release at once: neither can
    be stopped half-way.
    """

    weight: ClassVar[int] = 14
    stages: ClassVar[tuple[Stage, ...]] = ("rollback", "rollback-again")
    excludes: ClassVar[tuple[str, ...]] = ("double-command",)

    def places(self, draft: Draft, ground: Ground) -> Iterator[Place]:
        """Every rollback of a whole deployment, where a fleet of two or more can be half-way."""
        for number, leg in enumerate(draft.legs):
            halves = [fault for fault in leg.faults if fault.moment == "half"]
            if leg.verb == "rollback" and len(ground.fleet) > 1 and not draft.from_half(number) and not halves:
                yield Place(number, leg.own)

    def apply(self, draft: Draft, place: Place, ground: Ground, draws: Draws) -> Draft | None:
        """Stop it when so many replicas are back."""
        stopped = draws.between(1, len(ground.fleet) - 1)
        return draft.changed(place.leg, self.mutator_name(), stopped=stopped)
