"""The load: it begins, or goes on at another rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.plan.steps._base import LOAD, PerSecond, Progress, Step

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Load(Step):
    """Start the declared load, or change its rate."""

    declared = ("workload", "entrypoint")

    rate: PerSecond | None = Field(default=None, gt=0, description="Requests per second; left out, as declared.")

    def title(self) -> str:
        """What it does."""
        return "load at its declared rate" if self.rate is None else f"load of {self.rate:g}/s"

    def provides(self) -> tuple[str, ...]:
        """The load."""
        return (LOAD,)

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        """Start or change it."""
        if self.rate is None:
            trial.workload.start()
        else:
            trial.use_rate(self.rate)
