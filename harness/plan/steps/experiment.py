"""Begin an experiment of the Chaos Toolkit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pydantic import Field

from harness.chaostoolkit.library import chaoslib
from harness.chaostoolkit.session import Interrupted, Session
from harness.events import ExperimentStart
from harness.plan.steps import _activities as shared
from harness.plan.steps._base import Progress, Step
from harness.signals import cleaning_up_after
from harness.stack.base import Word

if TYPE_CHECKING:
    from harness.plan.trial import Trial

ABOUT = ("title", "description", "tags", "contributions", "extensions")
PART = "rollbacks"


class Experiment(Step):
    """Load the configuration and secrets of an experiment and apply its controls; the steps `hypothesis` and `activity`
    after it belong to it. It ends with the plan.
    """

    declared = ("workload", "entrypoint")

    title_: Word = Field(alias="title", description="The experiment's title.")
    description: str = Field(default="", description="What it is for.")
    tags: tuple[str, ...] = Field(default=(), description="As the experiment has them.")
    contributions: Mapping[str, Any] = Field(default_factory=dict, description="As the experiment has them.")
    extensions: tuple[Mapping[str, Any], ...] = Field(default=(), description="As the experiment has them.")
    configuration: shared.Configuration = Field(
        default_factory=dict, description="Variables: values, {type: env, key: NAME}, or probes."
    )
    secrets: shared.Secrets = Field(
        default_factory=dict, description="By group, where each comes from: {type: env, key: NAME}."
    )
    controls: shared.Controls = Field(default=(), description="Modules in Python that are called around each activity.")
    entrypoints: tuple[Word, ...] = Field(
        default=(), description="`host:port` as URLs have it, which means the stack's entrypoint."
    )
    always: tuple[shared.Activity, ...] = Field(
        default=(), description="Rollbacks that are run when the plan ends, however it ends."
    )

    def title(self) -> str:
        """What it does."""
        return f"begin the experiment {self.title_!r}"

    def details(self) -> Iterator[str]:
        """What it does at the end."""
        yield from (f"at the end of the plan: {one['name']}" for one in self.always)

    def provides(self) -> tuple[str, ...]:
        """The experiment."""
        return (shared.EXPERIMENT,)

    def run(self, trial: Trial, progress: Progress) -> None:
        """Begin it, and see to its end."""
        data = self.to_data()
        trial.history.record(
            ExperimentStart({key: data[key] for key in ABOUT if key in data}, str(chaoslib().__version__))
        )
        made = progress.experiment = Session(
            {key: one for key, one in data.items() if key not in ("step", "entrypoints", "always")},
            trial.environment.address,
            self.entrypoints,
            trial.history.redactor.learn,
        )

        def close(
            kind: type[BaseException] | None,  # noqa: ARG001 - as of every `__exit__`
            error: BaseException | None,
            trace: TracebackType | None,  # noqa: ARG001
        ) -> None:
            with cleaning_up_after(error):
                self._close(trial, made, broke=error is not None)

        progress.closing.push(close)
        try:
            made.begin()
        except Interrupted as why:
            raise shared.interrupted(trial, "experiment", why) from None

    def _close(self, trial: Trial, made: Session, *, broke: bool) -> None:
        try:
            if not broke:
                for part in ("method", PART):
                    finish(trial, made, part)
            for number, activity in enumerate(self.always, 1):
                made.enter(PART)
                phase = shared.phase_of(PART, number, activity["name"])
                shared.record(trial, PART, phase, [made.run(activity, PART)])
                shared.judge(trial, phase, [activity["name"]])
            made.leave(PART)
        except Interrupted as why:
            shared.interrupted(trial, PART, why)
        finally:
            made.end()


def finish(trial: Trial, made: Session, part: str) -> None:
    """Wait for what runs in the background, and judge it; then the part is over. Raises Interrupted."""
    for phase, ran in made.join():
        shared.record(trial, part, phase, [ran])
        shared.judge(trial, phase, [str(ran.activity["name"])])
    made.leave(part)
