"""Rotate logs, and hold a phase in which they have to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.plan import rotation
from harness.plan.steps._base import Progress
from harness.plan.steps.hold import Hold
from harness.stack import Stack
from harness.verdict import Verdict

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Rotate(Hold):
    """Rotate every log of which the stack declares how (`logs: rotate`): its file is renamed, and its writer told, as
    logrotate does it. Meanwhile the phase is held under load; then judge it.
    """

    def title(self) -> str:
        """What it does."""
        return f"rotate the logs: {super().title()}"

    def problem(self, stack: Stack) -> str | None:
        """No log may be rotated."""
        return super().problem(stack) or (None if rotation.declared(stack) else "no log declares `rotate`")

    def _watch(self, trial: Trial, name: str) -> None:
        trial.watch(name, self.seconds, lambda: rotation.rotate(trial.environment))

    def _measure(self, trial: Trial, progress: Progress, name: str) -> list[Verdict]:
        try:
            return super()._measure(trial, progress, name)
        finally:
            rotation.put_away(trial.environment, name)
