"""Run another command of the deployer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.plan.steps._base import InPhase, Progress
from harness.stack.base import Argv

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Run(InPhase):
    """Run a command where the deployer runs, with its variables: to fix something forward, say. The history calls it by
    its phase.
    """

    changes = True
    declared = ("deployer",)

    command: Argv = Field(description="The command and its arguments.")

    def title(self) -> str:
        """What it does."""
        return "run " + " ".join(self.command)

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        """Run it, and wait for its end."""
        with trial.phase(self.phase):
            trial.deployer.run(self.phase, self.command)
