"""Keep what the caches hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.events import Note
from harness.plan.steps._base import PhaseName, Progress, Step

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Mark(Step):
    """Keep what every declared cache holds now under a name, for the faults `cache.stale` and `cache.other-version`."""

    name: PhaseName = Field(description="The mark's name.")

    def title(self) -> str:
        """What it does."""
        return f"mark what the caches hold as {self.name}"

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        """Keep it; a stack without a cache has nothing to keep."""
        from harness.faults.cache import take_marks

        kept = take_marks(trial.environment, self.name)
        told = (
            ", ".join(f"{count} keys of {replica}" for replica, count in kept.items()) or "nothing: there is no cache"
        )
        trial.history.record(Note(f"marked as {self.name}: {told}"))
