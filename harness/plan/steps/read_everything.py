"""Read everything that was acknowledged, through the entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from harness.checks import reads_forward
from harness.plan.steps._base import LOAD, PhaseName, Progress, Step
from harness.plan.steps._base import phase as phase_of
from harness.plan.steps._check_call import switched_off
from harness.stack import Stack
from harness.stack.base import AsWhole

if TYPE_CHECKING:
    from harness.plan.trial import Trial


def reads(stack: Stack) -> bool:
    """Whether a stack says how what was acknowledged is read."""
    workload = stack.harness.workload
    return workload is not None and any(one.read for one in workload.mix)


class ReadEverything(Step):
    """Ask for everything that was acknowledged up to now, at once and whichever release wrote it; what is not as it was
    written is asked for again, for as long as its `read` allows. Judged as `reads-forward`.
    """

    phase: PhaseName = Field(description="The phase that it is judged in.")
    most: Annotated[int, Field(ge=1, le=100_000), AsWhole] = Field(
        default=2000, description="So many records at most; of more, so many that are evenly spread."
    )

    def title(self) -> str:
        """What it does."""
        return f"read everything that was acknowledged, at most {self.most} records"

    def requires(self) -> tuple[str, ...]:
        """The load, and the phase."""
        return (LOAD, phase_of(self.phase))

    def problem(self, stack: Stack) -> str | None:
        """The stack does not say how."""
        return None if reads(stack) else "the stack does not declare how what was acknowledged is read"

    def adapted(self, stack: Stack) -> ReadEverything | None:
        """Nothing, where its check is switched off."""
        return None if switched_off(stack, "reads-forward") else self

    def run(self, trial: Trial, progress: Progress) -> None:
        """Read, and judge."""
        phase = progress.of(self.phase)
        trial.read_everything(phase, self.most)
        trial.check(reads_forward.check, phase=phase)
