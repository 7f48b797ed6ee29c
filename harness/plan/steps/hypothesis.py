"""Look whether the steady state of an experiment holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from harness.chaostoolkit.session import Interrupted
from harness.plan.steps import _activities as shared
from harness.plan.steps._base import InPhase, PlanEnded, Progress
from harness.stack.base import Truth, Word

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Hypothesis(InPhase):
    """Run the probes of a hypothesis, and judge them by their tolerances."""

    title_: Word = Field(alias="title", description="The hypothesis's title.")
    probes: tuple[shared.Probe, ...] = Field(min_length=1, description="Activities with a tolerance.")
    controls: shared.Controls = Field(default=(), description="Modules in Python that are called around it.")
    precondition: Truth = Field(
        default=False,
        description="Before the method: what is not met is unknown, and the plan ends unless everything is.",
    )

    def title(self) -> str:
        """What it does."""
        return f"look whether the steady state holds: {self.title_}" + "; go on only if it does" * self.precondition

    def details(self) -> Iterator[str]:
        """Its probes."""
        for one in self.probes:
            yield f"{one['name']}, tolerance {one['tolerance']}"

    def requires(self) -> tuple[str, ...]:
        """The experiment."""
        return (shared.EXPERIMENT,)

    def run(self, trial: Trial, progress: Progress) -> None:
        """Run the probes and judge them."""
        session, data = shared.session(progress), self.to_data()
        part = "before" if self.precondition else "after"
        try:
            with trial.phase(self.phase):
                ran = session.hypothesis(data)
                shared.record(trial, part, self.phase, ran)
        except Interrupted as why:
            raise shared.interrupted(trial, session, self.phase, why) from None
        if (first := next((one for one in ran if not one.within), None)) and first.status != "succeeded":
            session.status = "failed"  # as the toolkit, which looks no further than that probe
        names = [str(one["name"]) for one in self.probes]
        found = shared.judge(trial, self.phase, names, groundwork=self.precondition)
        if not found and self.precondition:
            raise PlanEnded
        session.deviated = session.deviated or not found
