"""Count the side effects of acknowledged work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.plan.steps._base import LOAD, Duration, PhaseName, Progress, Step
from harness.plan.steps._base import phase as phase_of
from harness.plan.steps._check_call import switched_off
from harness.stack import Stack

if TYPE_CHECKING:
    from harness.plan.trial import Trial


def has_effects(stack: Stack) -> bool:
    """Whether a stack declares side effects."""
    workload = stack.harness.workload
    return workload is not None and bool(workload.effects)


class Effects(Step):
    """Whether every declared side effect of work that was acknowledged up to now is there, once: counted until it is,
    judged as `effects`.
    """

    phase: PhaseName = Field(description="The phase that it is judged in.")
    within: Duration = Field(default=30.0, description="How long the side effects may take to be there.")

    def title(self) -> str:
        """What it does."""
        return f"count the side effects of acknowledged work, within {self.within:g} s"

    def requires(self) -> tuple[str, ...]:
        """The load that was acknowledged, and the phase."""
        return (LOAD, phase_of(self.phase))

    def problem(self, stack: Stack) -> str | None:
        """The stack declares none."""
        return None if has_effects(stack) else "the stack declares no side effects (workload: effects)"

    def adapted(self, stack: Stack) -> Effects | None:
        """Nothing, where its check is switched off."""
        return None if switched_off(stack, "effects") else self

    def run(self, trial: Trial, progress: Progress) -> None:
        """Count, and judge."""
        trial.count_effects(progress.of(self.phase), self.within)
