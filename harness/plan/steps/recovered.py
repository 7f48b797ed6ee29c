"""Whether performance came back, with a stated confidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.plan.steps._base import CONTROL, LOAD, InPhase, PhaseName, Progress
from harness.plan.steps._base import phase as phase_of
from harness.plan.steps._check_call import switched_off
from harness.stack import Stack

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Recovered(InPhase):
    """Measure the load again, and judge by the check `recovery` whether it is as it was in a baseline, against the
    control; see docs/recovery.md.
    """

    baseline: PhaseName = Field(description="The phase that was measured before.")

    def title(self) -> str:
        """What it does."""
        return f"measure, and compare with {self.baseline} and the control"

    def requires(self) -> tuple[str, ...]:
        """The load, the control and the baseline."""
        return (LOAD, CONTROL, phase_of(self.baseline))

    def adapted(self, stack: Stack) -> Recovered | None:
        """Nothing, where its check is switched off."""
        return None if switched_off(stack, "recovery") else self

    def run(self, trial: Trial, progress: Progress) -> None:
        """Measure and judge."""
        with trial.phase(self.phase):
            trial.workload.recovered(progress.of(self.baseline), self.phase)
