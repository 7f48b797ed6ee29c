"""Twice the load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from harness.plan.random.draft import Draft, Stage
from harness.plan.random.draws import Draws
from harness.plan.random.mutators._base import Ground, Mutator, Place


class DoubleLoad(Mutator):
    """Twice the declared rate from before a command until everything is judged; then as before. Under a fault as well a
    stack may not bear it, with or without a deployment.
    """

    weight: ClassVar[int] = 3
    stages: ClassVar[tuple[Stage, ...]] = ("deploy", "rollback", "second-rollback", "deploy-again", "rollback-again")

    excludes: ClassVar[tuple[str, ...]] = (
        "link-fault", "cache-fault", "database-fault", "process-fault", "log-fault", "deployment-fault", "other-fault",
    )  # fmt: skip

    def places(self, draft: Draft, ground: Ground) -> Iterator[Place]:
        """Every command, where the load has one rate."""
        if ground.doubles:
            yield from (Place(number, leg.own) for number, leg in enumerate(draft.legs))

    def apply(self, draft: Draft, place: Place, ground: Ground, draws: Draws) -> Draft | None:  # noqa: ARG002
        """Double it."""
        return draft.changed(place.leg, self.mutator_name(), load=2)
