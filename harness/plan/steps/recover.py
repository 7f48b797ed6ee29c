"""Give performance time to come back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field

from harness.checks import performance
from harness.events import Note
from harness.plan.steps._base import LOAD, Duration, PhaseName, Progress, Step
from harness.plan.steps._base import phase as phase_of
from harness.plan.steps._check_call import CheckCall, adapted, switched_off
from harness.stack import Stack

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Recover(Step):
    """Judge by the check `performance` whether a phase, which is over, is as the baseline was. While it is not, further
    windows are measured, each in a phase of its own; one that began within the bound counts.

    What goes wrong in the meantime must not be forgotten because performance comes back: the checks judge every window.
    """

    phase: PhaseName = Field(description="The phase that is judged: the first window.")
    baseline: PhaseName = Field(default="baseline", description="What it is compared with.")
    within: Duration = Field(description="How long after the phase began the last window may begin.")
    hold: Duration = Field(gt=0, description="How long each further window is.")
    checks: tuple[CheckCall, ...] = Field(default=(), description="What else is judged in each further window.")

    def title(self) -> str:
        """What it does."""
        windows = f"windows of {self.hold:g} s, begun within {self.within:g} s"
        return f"measure until performance is as in {self.baseline}: {windows}"

    def details(self) -> Iterator[str]:
        """The checks of each window."""
        if self.checks:
            yield "in each further window, check " + ", ".join(map(str, self.checks))

    def requires(self) -> tuple[str, ...]:
        """The load and both phases."""
        return (LOAD, phase_of(self.phase), phase_of(self.baseline))

    def adapted(self, stack: Stack) -> Recover | None:
        """Without what is switched off."""
        if switched_off(stack, "performance"):
            return None
        return self.model_copy(update={"checks": adapted(self.checks, stack)})

    def run(self, trial: Trial, progress: Progress) -> None:
        """Measure until performance is back, or its time is over."""
        phase, baseline = progress.of(self.phase), progress.of(self.baseline)
        began, clock, again = progress.began.get(self.phase, 0.0), trial.history.clock, list[str]()

        asked = partial(performance.check, baseline=baseline)
        found = trial.verdict(asked, phase=phase)
        comparable = trial.verdict(asked, phase=baseline)  # else no window would tell anything
        while comparable and not found:
            in_time = clock.monotonic() - began < self.within
            if not in_time and not (found.stalled and trial.patience > 0.0):
                break
            if not in_time:
                trial.patience -= self.hold
            trial.history.record(Note(f"measuring again, until performance is as before: {found.reason}"))
            again.append(f"{phase}-window-{len(again) + 2}")
            with trial.phase(again[-1]):
                trial.watch(again[-1], self.hold)
            for one in self.checks:
                trial.judge(one.ask(trial, progress, again[-1]), again[-1])
            found = trial.verdict(partial(asked, again=list(again), within=self.within), phase=phase)
        trial.judge(found, phase)
