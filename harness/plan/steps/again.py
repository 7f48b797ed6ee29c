"""One more attempt of the deployer, where the first left something to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from harness.events import DeployerEnd, Note
from harness.plan.steps._base import DEPLOYED, LOAD, InPhase, Progress
from harness.plan.steps.deploy import unknown_release
from harness.stack import Stack
from harness.stack.base import Word

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Again(InPhase):
    """Run the deployer once more where its last run did not end well, or both of two at once, or not every replica runs
    the release.
    """

    changes = True
    declared = ("deployer", "probes.release")

    verb: Literal["deploy", "rollback"] = Field(description="What is tried again.")
    release: Word = Field(description="The release that every replica should run.")

    def title(self) -> str:
        """What it does."""
        what = "deploy" if self.verb == "deploy" else "roll back"
        return f"{what} once more, if that was left unfinished"

    def requires(self) -> tuple[str, ...]:
        """The load, and something that was deployed."""
        return (LOAD, DEPLOYED)

    def problem(self, stack: Stack) -> str | None:
        """The stack has no such release."""
        return unknown_release(stack, self.release)

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        """Look, and try."""
        with trial.phase(self.phase), trial.measured(self.phase):
            ends = trial.history.of(DeployerEnd, environment=trial.environment.id)
            own = [one for one in ends if one.body.verb == self.verb]
            last = [one.body for one in own if one.phase == own[-1].phase]  # of two at once one may have refused
            well = any(one.ended == "exit" and one.exit_code == 0 for one in last)
            if well and set(trial.environment.releases().values()) == {self.release}:
                trial.history.record(Note(f"no further {self.verb} is needed"))
            elif self.verb == "deploy":
                trial.deployer.deploy(self.release)
            else:
                trial.deployer.rollback()
