"""What the steps share that run activities of the Chaos Toolkit: how one is held, recorded and judged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator

from harness.chaostoolkit import activities, declarations
from harness.chaostoolkit.place import Place
from harness.chaostoolkit.session import Ran, Session
from harness.checks import tolerances
from harness.errors import UsageError
from harness.events import ActivityEnd
from harness.plan.steps._base import EXPERIMENT, PlanEnded, Progress
from harness.stack.base import wrong
from harness.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from harness.plan.trial import Trial

__all__ = ["EXPERIMENT"]
Part = Literal["method", "rollbacks"]


def _taken(look: Any) -> AfterValidator:
    """What makes a mistake in an experiment's data one of the plan's file."""

    def validate(data: Any) -> Any:
        try:
            look(Place(data))
        except UsageError as error:
            raise wrong(f"{error.expected or 'something else'} ({error.where}: {error.what})") from None
        return data

    return AfterValidator(validate)


def _controls(place: Place) -> None:
    for one in place.items():
        activities.control(one)


Controls = Annotated[tuple[Mapping[str, Any], ...], _taken(_controls)]
Configuration = Annotated[Mapping[str, Any], _taken(declarations.configuration)]
Secrets = Annotated[Mapping[str, Any], _taken(declarations.secrets)]
Activity = Annotated[Mapping[str, Any], _taken(activities.check)]
"""An activity as an experiment has it: `{type: action, name: ..., provider: {type: process, path: ...}}`."""
Probe = Annotated[Mapping[str, Any], _taken(partial(activities.check, tolerance=True))]
"""The same with a tolerance."""


def phase_of(part: str, number: int, name: str) -> str:
    """The phase of an activity: `method-2-stop-the-cache`."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower())[:40].strip("-")
    return f"{part}-{number}-{words}".rstrip("-")


def session(progress: Progress) -> Session:
    """The experiment that is under way."""
    found = progress.experiment
    if not isinstance(found, Session):
        raise UsageError("No experiment is under way", expected="the step `experiment` before it")
    return found


def record(trial: Trial, part: str, phase: str, ran: Iterable[Ran]) -> None:
    """Record what came of activities."""
    for one in ran:
        body = ActivityEnd(
            name=str(one.activity["name"]),
            part=part,
            activity=dict(one.activity),
            status=one.status,
            output=one.output,
            error=one.error,
            within=one.within,
            began=one.began,
            seconds=one.seconds,
        )
        trial.history.record(body, phase=phase)


def judge(trial: Trial, phase: str, names: Iterable[str], *, groundwork: bool = False) -> Verdict:
    """Judge what came of them."""
    asked = partial(tolerances.check, activities=list(names))
    return trial.judge(trial.verdict(asked, phase=phase), phase, groundwork=groundwork)


def finish(trial: Trial, made: Session, part: str, *, wait: bool = True) -> None:
    """The method, or the rollbacks, are over: wait for what is in the background, and judge it. Raises Interrupted."""
    for one, phase, ran in made.join() if wait else ():
        record(trial, one, phase, [ran])
        judge(trial, phase, [str(ran.activity["name"])])
    made.leave(part)


def interrupted(trial: Trial, made: Session, phase: str, why: Exception) -> PlanEnded:
    """The end of a plan whose experiment was interrupted, once its verdict is recorded: what is left was not done."""
    made.status = "interrupted"
    reason = f"the experiment was interrupted: {why}"
    trial.judge(Verdict(tolerances.NAME, Outcome.UNKNOWN, reason, look="the control or activity that did so"), phase)
    return PlanEnded()
