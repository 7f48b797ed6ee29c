"""Read back the acknowledged work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.plan.steps._base import LOAD, Duration, PhaseName, Progress, Step
from harness.plan.steps._base import phase as phase_of
from harness.plan.steps._check_call import switched_off
from harness.servers import readback_of
from harness.stack import Stack

if TYPE_CHECKING:
    from harness.plan.trial import Trial


def reads_back(stack: Stack) -> bool:
    """Whether a stack says how acknowledged work is read back."""
    return readback_of(stack.harness) is not None


class ReadBack(Step):
    """Whether all work that was acknowledged up to now is there, once: asked until it is, judged as `acknowledged`."""

    phase: PhaseName = Field(description="The phase that it is judged in.")
    within: Duration = Field(default=30.0, description="How long the work may take to be there.")

    def title(self) -> str:
        """What it does."""
        return f"read back acknowledged work, within {self.within:g} s"

    def requires(self) -> tuple[str, ...]:
        """The load that was acknowledged, and the phase."""
        return (LOAD, phase_of(self.phase))

    def problem(self, stack: Stack) -> str | None:
        """The stack does not say how."""
        return None if reads_back(stack) else "the stack does not declare how acknowledged work is read back"

    def adapted(self, stack: Stack) -> ReadBack | None:
        """Nothing, where its check is switched off."""
        return None if switched_off(stack, "acknowledged") else self

    def run(self, trial: Trial, progress: Progress) -> None:
        """Ask, and judge."""
        trial.read_back(progress.of(self.phase), self.within)
