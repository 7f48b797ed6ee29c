"""Wait for the activities in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.chaostoolkit.session import Interrupted
from harness.plan.steps import _activities as shared
from harness.plan.steps._base import Progress, Step

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Join(Step):
    """Wait for the activities that run in the background, and judge them. That ends the method, or the rollbacks."""

    part: shared.Part = Field(default="method", description="What is over then.")

    def title(self) -> str:
        """What it does."""
        return f"wait for what runs in the background; the {self.part} ends"

    def requires(self) -> tuple[str, ...]:
        """The experiment."""
        return (shared.EXPERIMENT,)

    def run(self, trial: Trial, progress: Progress) -> None:
        """Wait, and judge."""
        session = shared.session(progress)
        try:
            shared.finish(trial, session, self.part)
        except Interrupted as why:
            raise shared.interrupted(trial, session, self.part, why) from None
