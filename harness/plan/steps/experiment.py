"""Begin an experiment of the Chaos Toolkit."""

from __future__ import annotations

from collections.abc import Mapping
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

    def title(self) -> str:
        """What it does."""
        return f"begin the experiment {self.title_!r}"

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
            {key: one for key, one in data.items() if key not in ("step", "entrypoints")},
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
            raise shared.interrupted(trial, made, "experiment", why) from None

    def _close(self, trial: Trial, made: Session, *, broke: bool) -> None:
        try:
            for part in ("method", "rollbacks"):
                shared.finish(trial, made, part, wait=not broke)
        except Interrupted as why:
            shared.interrupted(trial, made, "rollbacks", why)
        finally:
            made.end()
