"""Deployed once more, and taken back once more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from harness.plan.random.draft import Draft, Leg, Stage
from harness.plan.random.draws import Draws
from harness.plan.random.mutators._base import Ground, Mutator, Place


class DeployAgain(Mutator):
    """After the rollback the same release is deployed again, and taken back again: what a first time left shows."""

    weight: ClassVar[int] = 8
    stages: ClassVar[tuple[Stage, ...]] = ("deploy-again",)

    def places(self, draft: Draft, ground: Ground) -> Iterator[Place]:  # noqa: ARG002
        """At the end, once."""
        if not any(leg.own == "deploy-again" for leg in draft.legs):
            yield Place(len(draft.legs), "deploy-again")

    def apply(self, draft: Draft, place: Place, ground: Ground, draws: Draws) -> Draft | None:  # noqa: ARG002
        """Add both ways."""
        return draft.longer(
            self.mutator_name(),
            Leg("deploy", "deploy-again", "deploy-again", "deployed", "deployed-again"),
            Leg("rollback", "rollback-again", "rollback-again", "rolled-back", "rolled-back-again"),
        )
