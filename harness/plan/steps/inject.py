"""Inject a fault."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from pydantic import Field

from harness import faults
from harness.plan.steps._base import LOAD, FaultData, InPhase, PhaseName, Progress
from harness.plan.steps._base import fault as fault_of
from harness.stack.base import Truth

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Inject(InPhase):
    """Inject a fault, which stays until `heal`, or until the plan ends."""

    name: PhaseName = Field(description="What `heal` calls it.")
    fault: FaultData = Field(
        description="The fault and its parameters: {fault: latency, from: backend-2, to: cache, ms: 300}."
    )

    judged: Truth = Field(default=True, description="Whether it has to touch something.")

    def title(self) -> str:
        """What it does."""
        return f"inject {self.name}: {faults.from_data(self.fault).title()}"

    def requires(self) -> tuple[str, ...]:
        """Traffic that the fault can touch."""
        return (LOAD,)

    def provides(self) -> tuple[str, ...]:
        """Its phase, and the fault."""
        return (*super().provides(), fault_of(self.name))

    def run(self, trial: Trial, progress: Progress) -> None:
        """Inject it."""
        stack = progress.faults[self.name] = ExitStack()
        with trial.phase(self.phase):
            stack.enter_context(trial.fault(self.fault, self.phase, judged=self.judged))
