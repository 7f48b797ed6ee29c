"""Time passes between a command and the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from harness.plan.random.draft import Draft, Stage
from harness.plan.random.draws import Draws
from harness.plan.random.mutators._base import Ground, Mutator, Place

LEAST, MOST = 8, 20  # s


class TimePasses(Mutator):
    """The environment serves for a while before it is judged: caches age, jobs come due, connections are made anew."""

    weight: ClassVar[int] = 6
    stages: ClassVar[tuple[Stage, ...]] = ("deployed", "rolled-back")

    def places(self, draft: Draft, ground: Ground) -> Iterator[Place]:  # noqa: ARG002
        """After every command that is completed."""
        yield from (Place(number, leg.later) for number, leg in enumerate(draft.legs) if leg.completed)

    def apply(self, draft: Draft, place: Place, ground: Ground, draws: Draws) -> Draft | None:  # noqa: ARG002
        """Let it pass."""
        return draft.changed(place.leg, self.mutator_name(), waits=draws.between(LEAST, MOST))
