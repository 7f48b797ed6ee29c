"""Deploy or roll back, with a fault from the middle on."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from harness import faults
from harness.events import Note
from harness.plan.steps._base import DEPLOYED, LOAD, FaultData, InPhase, PhaseName, Progress
from harness.plan.steps._base import fault as fault_of
from harness.plan.steps._given import Deployers, give, refusal, said
from harness.plan.steps.deploy import unknown_release
from harness.signals import cleaning_up_after
from harness.stack import Stack
from harness.stack.base import Whole, Word
from harness.waiting import poll

if TYPE_CHECKING:
    from harness.plan.trial import Trial

POLL_EVERY = 0.05  # s between two looks at the fleet


class Attempt(InPhase):
    """Begin to deploy or to roll back, inject a fault when so many replicas run the release that it goes to, and wait
    for the deployer's end, whatever comes of it. The fault stays until `heal`.
    """

    changes = True
    declared = ("deployer", "probes.release")

    verb: Literal["deploy", "rollback"] = Field(description="What is done.")
    release: Word = Field(description="The release that it goes to.")
    name: PhaseName = Field(description="What `heal` calls the fault.")
    fault: FaultData = Field(description="The fault and its parameters, as of `inject`.")
    replicas: Whole = Field(default=1, ge=1, description="How many replicas run it when the fault is injected.")
    deployers: Deployers = 1

    def title(self) -> str:
        """What it does."""
        what = f"deploy {self.release}" if self.verb == "deploy" else "roll back"
        when = "the first replica runs" if self.replicas == 1 else f"{self.replicas} replicas run"
        told = faults.from_data(self.fault).title()
        return f"{what}{said(self.deployers)}; when {when} {self.release}, inject {self.name}: {told}"

    def requires(self) -> tuple[str, ...]:
        """The load; and something to take back."""
        return (LOAD,) if self.verb == "deploy" else (LOAD, DEPLOYED)

    def provides(self) -> tuple[str, ...]:
        """Its phase, that something was deployed, and the fault."""
        return (*super().provides(), DEPLOYED, fault_of(self.name))

    def problem(self, stack: Stack) -> str | None:
        """The stack has no such release, or two deployers cannot work on it."""
        return unknown_release(stack, self.release) or refusal(stack, self.deployers)

    def run(self, trial: Trial, progress: Progress) -> None:
        """Begin, wait, inject, and wait for the end."""
        stack = progress.faults[self.name] = ExitStack()
        with trial.phase(self.phase), trial.measured(self.phase):
            running = give(trial, self.verb, self.release if self.verb == "deploy" else None, self.deployers)
            try:
                poll(
                    lambda: (running.ended, trial.environment.anywhere(self.release, self.replicas)),
                    any,
                    within=trial.deployer.timeout,
                    every=POLL_EVERY,
                    clock=trial.history.clock,
                )
                if running.ended:
                    trial.history.record(Note("the deployer had ended before the fault was injected"))
                stack.enter_context(trial.fault(self.fault, self.phase))
            except BaseException as error:
                with cleaning_up_after(error):
                    running.stop()
                raise
            running.wait()
