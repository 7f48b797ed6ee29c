"""Hold a phase under load, and judge where everything stands."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from harness.events import Note
from harness.plan.steps._base import LOAD, Duration, InPhase, PlanEnded, Progress
from harness.plan.steps._base import phase as phase_of
from harness.plan.steps._check_call import CheckCall, adapted
from harness.plan.steps.drain import Level, no_queue
from harness.stack import Stack
from harness.stack.base import Truth
from harness.verdict import Verdict

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Hold(InPhase):
    """Hold a phase under load: logs are followed and everything is looked at; then judge it by checks.

    What proves nothing because the machine stood still is measured again, in a phase of its own, while the trial has
    patience for it; everything else counts as it was.
    """

    declared = ("workload", "entrypoint")

    seconds: Duration = Field(gt=0, description="For how long.")
    drain: Level | None = Field(default=None, description="The queue is watched at the end, until it is down.")
    checks: tuple[CheckCall, ...] = Field(default=(), description="What is judged at the end.")
    precondition: Truth = Field(
        default=False,
        description="Nothing was deployed yet: what fails is unknown, and the plan ends unless every check passes.",
    )

    def title(self) -> str:
        """What it does."""
        drained = f", then up to {self.drain.within:g} s for the queue to drain" if self.drain is not None else ""
        return f"hold {self.seconds:g} s of load{drained}" + ("; go on only if all is well" * self.precondition)

    def details(self) -> Iterator[str]:
        """Its checks."""
        if self.checks:
            yield "check " + ", ".join(map(str, self.checks))

    def requires(self) -> tuple[str, ...]:
        """The load, and what the checks compare with."""
        levels = (phase_of(self.drain.baseline),) if self.drain is not None else ()
        others = (need for one in self.checks for need in one.requires(self.phase))
        return (LOAD, *(need for need in (*levels, *others) if need not in self.provides()))

    def problem(self, stack: Stack) -> str | None:
        """It is to watch a queue that the stack does not declare."""
        return no_queue(stack) if self.drain is not None else None

    def adapted(self, stack: Stack) -> Hold:
        """Without what is switched off."""
        return self.model_copy(update={"checks": adapted(self.checks, stack)})

    def run(self, trial: Trial, progress: Progress) -> None:
        """Hold and judge; again, while the machine stood still."""
        progress.began[self.phase] = trial.history.clock.monotonic()
        passed = True
        for number in itertools.count(2):
            began, name = trial.history.clock.monotonic(), progress.of(self.phase)
            found = self._measure(trial, progress, name)
            stalled = next((one for one in found if one.stalled), None) if trial.patience > 0.0 else None
            for verdict in found:
                if stalled is None or not verdict.stalled:
                    passed = bool(trial.judge(verdict, name, groundwork=self.precondition)) and passed
            if stalled is None:
                break
            trial.patience -= trial.history.clock.monotonic() - began
            trial.history.record(Note(f"measuring {self.phase} again: {stalled.check}: {stalled.reason}"))
            progress.last[self.phase] = f"{self.phase}-remeasured-{number}"
        if self.precondition and not passed:
            trial.unsound = True
            raise PlanEnded

    def _watch(self, trial: Trial, name: str) -> None:
        trial.watch(name, self.seconds)

    def _measure(self, trial: Trial, progress: Progress, name: str) -> list[Verdict]:
        with trial.phase(name):
            self._watch(trial, name)
            if self.drain is not None:
                level = trial.queue_level(progress.of(self.drain.baseline)) + self.drain.slack
                trial.drain(level, self.drain.within)
        return [one.ask(trial, progress, name) for one in self.checks]
