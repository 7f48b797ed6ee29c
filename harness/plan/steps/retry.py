"""Run the deployer again until it says that it succeeded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from harness.plan.steps._base import DEPLOYED, LOAD, InPhase, Progress
from harness.plan.steps.deploy import unknown_release
from harness.stack import Stack
from harness.stack.base import Whole, Word

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Retry(InPhase):
    """Deploy or roll back, and again as long as the deployer says that it failed. Each attempt is recorded."""

    changes = True
    declared = ("deployer",)

    verb: Literal["deploy", "rollback"] = Field(description="What is tried.")
    release: Word | None = Field(default=None, description="Which release is deployed; none for a rollback.")
    times: Whole = Field(default=3, ge=1, description="How often at most.")

    def title(self) -> str:
        """What it does."""
        what = f"deploy {self.release}" if self.verb == "deploy" else "roll back"
        return f"{what}, up to {self.times} times until the deployer succeeds"

    def requires(self) -> tuple[str, ...]:
        """The load; and something to take back."""
        return (LOAD,) if self.verb == "deploy" else (LOAD, DEPLOYED)

    def provides(self) -> tuple[str, ...]:
        """Its phase, and that something was deployed."""
        return (*super().provides(), DEPLOYED)

    def problem(self, stack: Stack) -> str | None:
        """It names no release that can be deployed."""
        if self.verb == "rollback":
            return None if self.release is None else "a rollback takes no release"
        return "it names no release" if self.release is None else unknown_release(stack, self.release)

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        """Try."""
        with trial.phase(self.phase), trial.measured(self.phase):
            for _ in range(self.times):
                if trial.deployer.start(self.verb, self.release).wait().claims_success:
                    return
