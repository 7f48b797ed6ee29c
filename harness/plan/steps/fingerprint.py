"""Take the environment's fingerprint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.plan.steps._base import PhaseName, Progress, Step
from harness.plan.steps._base import fingerprint as name_of

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Fingerprint(Step):
    """Record the state of the environment, reduced to what can be compared, as that at the end of a phase."""

    phase: PhaseName = Field(description="The phase at whose end it is taken, and the name of the fingerprint.")

    def title(self) -> str:
        """What it does."""
        return "take a fingerprint"

    def provides(self) -> tuple[str, ...]:
        """The fingerprint."""
        return (name_of(self.phase),)

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        """Take it."""
        trial.fingerprint(self.phase)
