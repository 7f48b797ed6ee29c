"""A rollback of what was rolled back already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from harness.plan.random.draft import Draft, Leg, Stage
from harness.plan.random.draws import Draws
from harness.plan.random.mutators._base import Ground, Mutator, Place


class SecondRollback(Mutator):
    """After the rollback has been judged, it is asked for once more. It must change nothing."""

    weight: ClassVar[int] = 6
    stages: ClassVar[tuple[Stage, ...]] = ("second-rollback",)

    def places(self, draft: Draft, ground: Ground) -> Iterator[Place]:  # noqa: ARG002
        """At the end, once."""
        if not any(leg.own == "second-rollback" for leg in draft.legs):
            yield Place(len(draft.legs), "second-rollback")

    def apply(self, draft: Draft, place: Place, ground: Ground, draws: Draws) -> Draft | None:  # noqa: ARG002
        """Add it."""
        leg = Leg("rollback", "second-rollback", "second-rollback", "rolled-back", "rolled-back-twice")
        return draft.longer(self.mutator_name(), leg)
