"""A command that is given twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from harness.plan.random.draft import Draft, Stage
from harness.plan.random.draws import Draws
from harness.plan.random.mutators._base import Ground, Mutator, Place


class DoubleCommand(Mutator):
    """The same command once more when it is over, as from a retried job or an impatient person. It must do no harm."""

    weight: ClassVar[int] = 4
    stages: ClassVar[tuple[Stage, ...]] = ("deploy", "rollback", "second-rollback", "deploy-again", "rollback-again")
    excludes: ClassVar[tuple[str, ...]] = ("interrupt-rollback", "interrupt-deployment")

    def places(self, draft: Draft, ground: Ground) -> Iterator[Place]:  # noqa: ARG002
        """Every command."""
        yield from (Place(number, leg.own) for number, leg in enumerate(draft.legs))

    def apply(self, draft: Draft, place: Place, ground: Ground, draws: Draws) -> Draft | None:  # noqa: ARG002
        """Give it twice."""
        return draft.changed(place.leg, self.mutator_name(), twice=True)
