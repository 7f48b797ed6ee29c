"""A replica is restarted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from harness.plan.random.draft import Draft, Stage
from harness.plan.random.draws import Draws
from harness.plan.random.mutators._base import Ground, Mutator, Place


class RestartReplica(Mutator):
    """One replica of the fleet is restarted when a command is over, as a machine that reboots: it has to come back on
    the release that it ran.
    """

    weight: ClassVar[int] = 3
    stages: ClassVar[tuple[Stage, ...]] = ("deployed", "rolled-back")

    def places(self, draft: Draft, ground: Ground) -> Iterator[Place]:
        """After every command that is completed."""
        if ground.fleet:
            yield from (Place(number, leg.later) for number, leg in enumerate(draft.legs) if leg.completed)

    def apply(self, draft: Draft, place: Place, ground: Ground, draws: Draws) -> Draft | None:
        """One of them."""
        return draft.changed(place.leg, self.mutator_name(), restarts=(draws.pick(ground.fleet),))
