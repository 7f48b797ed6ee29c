"""Deploy a release under load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.plan.steps._base import DEPLOYED, LOAD, InPhase, Progress
from harness.plan.steps._given import Deployers, carry_out, refusal, said
from harness.stack import Stack
from harness.stack.base import Word

if TYPE_CHECKING:
    from harness.plan.trial import Trial


def unknown_release(stack: Stack, release: str) -> str | None:
    """Why a release cannot be deployed; None where the stack declares it."""
    known = stack.harness.releases
    return None if release in known else f"the stack has no release {release}; it has {', '.join(known) or 'none'}"


class Deploy(InPhase):
    """Deploy a release, whatever comes of it. What the deployer says of itself is recorded, and judged by checks."""

    changes = True
    declared = ("deployer", "probes.release")

    release: Word = Field(description="Which.")
    deployers: Deployers = 1

    def title(self) -> str:
        """What it does."""
        return f"deploy {self.release}{said(self.deployers)}"

    def requires(self) -> tuple[str, ...]:
        """The load, which is measured meanwhile."""
        return (LOAD,)

    def provides(self) -> tuple[str, ...]:
        """Its phase, and that something was deployed."""
        return (*super().provides(), DEPLOYED)

    def problem(self, stack: Stack) -> str | None:
        """The stack has no such release, or two deployers cannot work on it."""
        return unknown_release(stack, self.release) or refusal(stack, self.deployers)

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        """Deploy."""
        with trial.phase(self.phase), trial.measured(self.phase):
            carry_out(trial, "deploy", self.release, self.deployers)
