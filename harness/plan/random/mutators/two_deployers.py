"""A command that two deployers are given at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from harness.plan.random.draft import Draft, Stage
from harness.plan.random.draws import Draws
from harness.plan.random.mutators._base import Ground, Mutator, Place


class TwoDeployers(Mutator):
    """Two deployers work on the same command at the same time, as where a pipeline and a person meet. One of them may
    refuse; what they say has to be true all the same. After a rollback that was killed, the second attempt is given
    twice. A second rollback is not: a deployer that has nothing to do ends before another one begins.
    """

    weight: ClassVar[int] = 5
    stages: ClassVar[tuple[Stage, ...]] = (
        "deploy", "rollback", "second-attempt", "deploy-again", "rollback-again",
    )  # fmt: skip
    excludes: ClassVar[tuple[str, ...]] = ("double-command",)

    def places(self, draft: Draft, ground: Ground) -> Iterator[Place]:
        """Every command that is carried out, where the deployer is a command of the stack's own: a built-in strategy
        never works beside itself.
        """
        for number, leg in enumerate(draft.legs):
            if ground.beside and leg.completed:
                yield Place(number, leg.second if leg.stopped else leg.own)

    def apply(self, draft: Draft, place: Place, ground: Ground, draws: Draws) -> Draft | None:  # noqa: ARG002
        """Give it to two."""
        return draft.changed(place.leg, self.mutator_name(), deployers=2)
