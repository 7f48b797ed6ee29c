"""Judge a phase, and say what the stack does by itself under the same fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from harness.plan.link import Link, LinkPart
from harness.plan.steps._base import PhaseName, Progress, Step
from harness.plan.steps._check_call import CheckCall, adapted
from harness.stack import Stack
from harness.verdict import Outcome

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Against(Step):
    """Judge a phase by checks. What fails there is held against a control phase, in which the same fault was on, or had
    been, and nothing was deployed: what fails there as well is the stack's own weakness, and not the deployment's.
    """

    phase: PhaseName = Field(description="The phase that is judged.")
    control: PhaseName = Field(description="The phase without a deployment.")
    checks: tuple[CheckCall, ...] = Field(min_length=1, description="By which checks.")

    def title(self) -> str:
        """What it does."""
        return f"check, against {self.control} without a deployment"

    def details(self) -> Iterator[str]:
        """Its checks."""
        yield "check " + ", ".join(map(str, self.checks))

    def requires(self) -> tuple[str, ...]:
        """What they compare, in both phases."""
        return tuple(
            need for one in self.checks for where in (self.phase, self.control) for need in one.requires(where)
        )

    def adapted(self, stack: Stack) -> Against | None:
        """Without what is switched off."""
        asked = adapted(self.checks, stack)
        return self.model_copy(update={"checks": asked}) if asked else None

    def run(self, trial: Trial, progress: Progress) -> None:
        """Judge."""
        for one in self.checks:
            own, other = self._named(one, progress, self.phase), self._named(one, progress, self.control)
            found = one.ask(trial, progress, own)
            if found.outcome is not Outcome.FAIL:
                trial.judge(found, own)
                continue
            against = [LinkPart(other, one.ask(trial, progress, other))]
            link = Link(found.check, "", Outcome.PASS, [LinkPart(own, found)], against)
            trial.judge(link.verdict(), own, link=link.data())

    @staticmethod
    def _named(one: CheckCall, progress: Progress, phase: str) -> str:
        return phase if one.compares_state else progress.of(phase)
