"""Look at everything once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.plan.steps._base import InPhase, Progress

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Probe(InPhase):
    """Ask everything that the stack declares, once, and record the answers."""

    def title(self) -> str:
        """What it does."""
        return "probe everything once"

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        """Ask."""
        with trial.phase(self.phase):
            trial.collect()
