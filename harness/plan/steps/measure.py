"""Measure the load, and do nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.plan.steps._base import LOAD, Duration, InPhase, Progress

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Measure(InPhase):
    """Measure the load while nothing else is done: the baseline that `recovered` compares with."""

    seconds: Duration = Field(gt=0, description="For how long.")

    def title(self) -> str:
        """What it does."""
        return f"measure {self.seconds:g} s of load, and do nothing else"

    def requires(self) -> tuple[str, ...]:
        """The load."""
        return (LOAD,)

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        """Measure."""
        with trial.phase(self.phase):
            trial.workload.baseline(self.seconds, self.phase)
