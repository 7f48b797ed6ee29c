"""Wait until the queue is down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from harness.plan.steps._base import Duration, InPhase, PhaseName, Progress
from harness.plan.steps._base import phase as phase_of
from harness.servers import queue_of
from harness.stack import Stack
from harness.stack.base import AsNumber
from harness.stack.xharness.base import Block

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Level(Block):
    """When a queue is down: it holds as many jobs as it did in the baseline."""

    within: Duration = Field(description="How long it is watched at most.")
    baseline: PhaseName = Field(default="baseline", description="The phase whose deepest queue is the level.")
    slack: Annotated[float, Field(ge=0), AsNumber] = Field(
        default=0.0, description="Jobs above that level that are in flight at any moment."
    )


def no_queue(stack: Stack) -> str | None:
    """Why a queue cannot be watched; None where it can be."""
    return "the stack declares no queue" if queue_of(stack.harness) is None else None


class Drain(InPhase):
    """Watch the queue until it is down. The check `queue` judges how long that took."""

    until: Level = Field(description="When it is down, and how long that may take.")

    def title(self) -> str:
        """What it does."""
        return f"wait up to {self.until.within:g} s for the queue to drain"

    def requires(self) -> tuple[str, ...]:
        """The baseline."""
        return (phase_of(self.until.baseline),)

    def problem(self, stack: Stack) -> str | None:
        """The stack has no queue that can be looked at."""
        return no_queue(stack)

    def run(self, trial: Trial, progress: Progress) -> None:
        """Watch it."""
        with trial.phase(self.phase):
            level = trial.queue_level(progress.of(self.until.baseline)) + self.until.slack
            trial.drain(level, self.until.within)
