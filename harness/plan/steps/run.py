"""Run another command of the deployer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.deploy import RunsCommands
from harness.errors import UsageError
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
        deployer = trial.deployer
        if not isinstance(deployer, RunsCommands):
            raise UsageError(
                "The stack's deployer runs no commands",
                where=f"{trial.stack.file}: x-harness.deployer",
                expected="deploy and rollback as commands: this plan runs more of them, such as a fix",
            )
        with trial.phase(self.phase):
            deployer.run(self.phase, self.command)
