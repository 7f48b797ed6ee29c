"""Wait until a check passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.plan.steps._base import Duration, InPhase, Progress
from harness.plan.steps._check_call import CheckCall
from harness.verdict import Verdict
from harness.waiting import poll

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class WaitUntil(InPhase):
    """Look at everything again and again until a check passes, or its time is over; the last verdict counts."""

    check: CheckCall = Field(description="The check.")
    within: Duration = Field(description="How long it may take.")
    every: Duration = Field(default=1.0, gt=0, description="Between two looks.")

    def title(self) -> str:
        """What it does."""
        return f"wait up to {self.within:g} s until {self.check} passes"

    def requires(self) -> tuple[str, ...]:
        """What it compares."""
        return tuple(need for need in self.check.requires(self.phase) if need not in self.provides())

    def run(self, trial: Trial, progress: Progress) -> None:
        """Look, until it passes."""
        with trial.phase(self.phase):

            def ask() -> Verdict:
                trial.collect()
                return self.check.ask(trial, progress, self.phase)

            verdict = poll(ask, within=self.within, every=self.every, clock=trial.history.clock)
        trial.judge(verdict, self.phase)
