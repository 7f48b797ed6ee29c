"""Judge the history so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.plan.steps._base import PhaseName, Progress, Step
from harness.plan.steps._check_call import CheckCall, adapted
from harness.stack import Stack

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Check(Step):
    """Judge a phase by checks, and record the verdicts."""

    phase: PhaseName = Field(description="The phase that is judged.")
    checks: tuple[CheckCall, ...] = Field(min_length=1, description="By which checks.")

    def title(self) -> str:
        """What it does."""
        return "check " + ", ".join(map(str, self.checks))

    def requires(self) -> tuple[str, ...]:
        """What they compare."""
        return tuple(need for one in self.checks for need in one.requires(self.phase))

    def adapted(self, stack: Stack) -> Check | None:
        """Without what is switched off."""
        asked = adapted(self.checks, stack)
        return self.model_copy(update={"checks": asked}) if asked else None

    def run(self, trial: Trial, progress: Progress) -> None:
        """Judge."""
        for one in self.checks:
            own = self.phase if one.compares_state else progress.of(self.phase)
            trial.judge(one.ask(trial, progress, own), own)
