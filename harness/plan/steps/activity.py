"""Run an activity of an experiment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from harness.chaostoolkit.session import Interrupted, Session
from harness.events import Note
from harness.plan.steps import _activities as shared
from harness.plan.steps._base import InPhase, Progress

if TYPE_CHECKING:
    from harness.plan.trial import Trial


WHEN = {
    "always": "",
    "default": ", unless the experiment failed or was interrupted",
    "deviated": ", if the steady state does not hold",
}


class Activity(InPhase):
    """Run an activity on this machine: a program, a request or a function in Python. What could not be run is unknown.
    One with `background: true` goes on until the step `join`.
    """

    changes = True  # nobody knows what it does

    part: shared.Part = Field(default="method", description="To which part of the experiment it belongs.")
    activity: shared.Activity = Field(description="The activity as the experiment has it.")
    when: Literal["always", "default", "deviated"] = Field(
        default="always",
        description="`deviated`: only where the hypothesis was not met after the method. `default`: unless the "
        "experiment was interrupted, or failed: a probe of the hypothesis could not be run.",
    )

    @property
    def _background(self) -> bool:
        return bool(self.activity.get("background"))

    def title(self) -> str:
        """What it does."""
        doing = f"{self.activity['type']}: {self.activity['name']}" + ", in the background" * self._background
        return doing + WHEN[self.when]

    @property
    def in_any_case(self) -> bool:
        """A rollback that is run always: it is done on this machine."""
        return self.part == "rollbacks" and self.when == "always"

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
        if why_not := self._left_out(session):
            trial.history.record(Note(f"{data['name']} is left out: {why_not}"))
            return
        try:
            if self.part == "rollbacks":
                shared.finish(trial, session, "method", wait=not progress.hurried)
            session.enter(self.part)
            if self._background:
                session.start(self.phase, data, self.part)
                return
            with nullcontext() if progress.hurried else trial.phase(self.phase):
                shared.record(trial, self.part, self.phase, [session.run(data, self.part)])
        except Interrupted as why:
            raise shared.interrupted(trial, session, self.phase, why) from None
        shared.judge(trial, self.phase, [str(data["name"])])

    def _left_out(self, session: Session) -> str | None:
        if not session.status:
            return "the experiment did not begin"
        if self.when == "deviated" and not session.deviated:
            return "the hypothesis was not looked at after the method, or was met"
        if self.when == "default" and session.status == "failed":
            return "a probe of the hypothesis could not be run"
        return "the experiment was interrupted" if self.when == "default" and session.status == "interrupted" else None
