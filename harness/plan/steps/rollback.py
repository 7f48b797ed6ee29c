"""Roll back under load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.plan.steps._base import DEPLOYED, LOAD, InPhase, Progress
from harness.plan.steps._given import Deployers, carry_out, refusal, said
from harness.stack import Stack

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Rollback(InPhase):
    """Roll back to the release that ran at the beginning, whatever comes of it. It is never left out because deploying
    failed: a failed deployment is when a rollback is needed.
    """

    changes = True
    declared = ("deployer",)

    deployers: Deployers = 1

    def title(self) -> str:
        """What it does."""
        return f"roll back{said(self.deployers)}"

    def requires(self) -> tuple[str, ...]:
        """Something to take back, and the load, which is measured meanwhile."""
        return (LOAD, DEPLOYED)

    def problem(self, stack: Stack) -> str | None:
        """Two deployers cannot work on it."""
        return refusal(stack, self.deployers)

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        """Roll back."""
        with trial.phase(self.phase), trial.measured(self.phase):
            carry_out(trial, "rollback", "", self.deployers)
