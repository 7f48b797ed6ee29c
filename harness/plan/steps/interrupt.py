"""Kill the deployer half-way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from harness.plan.steps._base import DEPLOYED, LOAD, InPhase, Progress
from harness.plan.steps.deploy import unknown_release
from harness.signals import cleaning_up_after
from harness.stack import Stack
from harness.stack.base import Whole, Word
from harness.waiting import poll

if TYPE_CHECKING:
    from harness.deploy.deployer import Running
    from harness.plan.trial import Trial

POLL_EVERY = 0.05  # s between two looks at the fleet
STARTING = 10.0  # s in which a replica that was being restarted when the deployer was killed tells what it runs
ASK_EVERY = 0.5  # s


class Interrupt(InPhase):
    """Begin to deploy or to roll back, and kill the deployer when so many replicas run the release that it goes to."""

    changes = True
    declared = ("deployer", "probes.release")

    verb: Literal["deploy", "rollback"] = Field(default="deploy", description="What is interrupted.")
    release: Word = Field(description="The release that it goes to.")
    replicas: Whole = Field(default=1, ge=1, description="How many replicas run it when the deployer is killed.")

    def title(self) -> str:
        """What it does."""
        what = f"deploy {self.release}" if self.verb == "deploy" else "roll back"
        when = "the first replica runs" if self.replicas == 1 else f"{self.replicas} replicas run"
        return f"{what}, and kill the deployer when {when} {self.release}"

    def requires(self) -> tuple[str, ...]:
        """The load; and something to take back."""
        return (LOAD,) if self.verb == "deploy" else (LOAD, DEPLOYED)

    def provides(self) -> tuple[str, ...]:
        """Its phase, and that something was deployed."""
        return (*super().provides(), DEPLOYED)

    def problem(self, stack: Stack) -> str | None:
        """The stack has no such release."""
        return unknown_release(stack, self.release)

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        """Begin, wait, kill, and ask what it left."""
        with trial.phase(self.phase), trial.logged():
            running = trial.deployer.start(self.verb, self.release if self.verb == "deploy" else None)
            try:
                self._wait(trial, running)
            except BaseException as error:
                with cleaning_up_after(error):
                    running.stop()
                raise
            running.stop()
            trial.wait_for_a_look()
            self._left(trial)

    def _left(self, trial: Trial) -> None:
        """Ask what it left, until it is seen to be mixed or every replica tells: one may just be starting."""
        poll(
            trial.environment.releases,
            lambda found: len(set(found.values()) - {None}) > 1 or None not in found.values(),
            within=STARTING,
            every=ASK_EVERY,
            clock=trial.history.clock,
        )

    def _wait(self, trial: Trial, running: Running) -> None:
        poll(
            lambda: (running.ended, trial.environment.anywhere(self.release, self.replicas)),
            any,
            within=trial.deployer.timeout,
            every=POLL_EVERY,
            clock=trial.history.clock,
        )
