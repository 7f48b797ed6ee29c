"""Run an activity of an experiment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from harness.chaostoolkit.session import Interrupted
from harness.events import Note
from harness.plan.steps import _activities as shared
from harness.plan.steps._base import InPhase, Progress

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Activity(InPhase):
    """Run an activity on this machine: a program, a request or a function in Python. What could not be run is unknown.
    One with `background: true` goes on until the step `join`.
    """

    changes = True  # nobody knows what it does

    part: shared.Part = Field(default="method", description="To which part of the experiment it belongs.")
    activity: shared.Activity = Field(description="The activity as the experiment has it.")
    when: Literal["always", "deviated"] = Field(
        default="always", description="With `deviated` only where the hypothesis was not met after the method."
    )

    @property
    def _background(self) -> bool:
        return bool(self.activity.get("background"))

    def title(self) -> str:
        """What it does."""
        doing = f"{self.activity['type']}: {self.activity['name']}" + ", in the background" * self._background
        return doing + ", if the steady state does not hold" * (self.when == "deviated")

    def details(self) -> Iterator[str]:
        """What is run."""
        provider = self.activity["provider"]
        if provider["type"] == "python":
            yield f"python: {provider['module']}.{provider['func']}"
        else:
            yield f"{provider['type']}: {provider.get('path') or provider.get('url')}"

    def requires(self) -> tuple[str, ...]:
        """The experiment."""
        return (shared.EXPERIMENT,)

    def run(self, trial: Trial, progress: Progress) -> None:
        """Run it and judge it, or begin it."""
        session, data = shared.session(progress), self.to_data()["activity"]
        if self.when == "deviated" and not session.deviated:
            trial.history.record(Note(f"{data['name']} is left out: the steady state holds"))
            return
        try:
            session.enter(self.part)
            if self._background:
                session.start(self.phase, data, self.part)
                return
            with trial.phase(self.phase):
                shared.record(trial, self.part, self.phase, [session.run(data, self.part)])
        except Interrupted as why:
            raise shared.interrupted(trial, self.phase, why) from None
        shared.judge(trial, self.phase, [str(data["name"])])
