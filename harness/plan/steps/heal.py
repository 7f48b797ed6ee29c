"""Heal a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.plan.steps._base import PhaseName, Progress, Step
from harness.plan.steps._base import fault as fault_of

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Heal(Step):
    """Take a fault away. When the last one is gone, the check `faults` says whether they were real."""

    name: PhaseName = Field(description="What `inject` called it.")

    def title(self) -> str:
        """What it does."""
        return f"heal {self.name}"

    def requires(self) -> tuple[str, ...]:
        """The fault."""
        return (fault_of(self.name),)

    def removes(self) -> tuple[str, ...]:
        """The fault."""
        return (fault_of(self.name),)

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        """Take it away."""
        progress.faults.pop(self.name).close()
