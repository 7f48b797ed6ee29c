"""Bring up the control."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.plan.steps._base import CONTROL, Progress, Step

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Control(Step):
    """From here on an untouched environment on the old release runs beside, under the same load, to compare with."""

    declared = ("workload", "entrypoint")

    def title(self) -> str:
        """What it does."""
        return "bring up an untouched control beside"

    def provides(self) -> tuple[str, ...]:
        """The control."""
        return (CONTROL,)

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        """Bring it up; where there can be none, the history says why."""
        trial.workload.compare()
