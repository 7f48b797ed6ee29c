"""What steps say before anything runs: what they do, why a stack does not fit them, and what is left out of a plan."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plan.steps import Step
from harness.plan.steps._base import DEPLOYED, LOAD
from harness.plan.steps.drain import Level
from harness.plan.steps.effects import Effects
from harness.plan.steps.read_back import ReadBack
from harness.plan.steps.read_everything import ReadEverything
from harness.plan.steps.recovered import Recovered
from harness.plan.steps.retry import Retry
from harness.plan.steps.rotate import Rotate
from harness.stack import Log, Stack
from harness.stack.xharness import CheckSettings
from suites.selftest.plan.made import NEW, tiny_stack


def declaring(**harness: Any) -> Stack:
    """The tiny stack, which declares something else."""
    stack = tiny_stack()
    return stack.model_copy(update={"harness": stack.harness.model_copy(update=harness)})


def without_a_queue() -> Stack:
    return declaring(probes=tiny_stack().harness.probes.model_copy(update={"queue": None}))


def rotating() -> Stack:
    rotate = Log.model_validate({"path": "/x", "rotate": {}}).rotate
    logs = tiny_stack().harness.logs
    return declaring(
        logs={name: tuple(log.model_copy(update={"rotate": rotate}) for log in found) for name, found in logs.items()}
    )


@pytest.mark.parametrize(
    ("check", "step"),
    [
        ("recovery", Recovered(phase="after", baseline="usual")),
        ("effects", Effects(phase="after")),
        ("acknowledged", ReadBack(phase="after")),
        ("reads-forward", ReadEverything(phase="after")),
    ],
    ids=str,
)
def test_a_step_whose_check_is_switched_off_is_left_out_and_no_other_is(check: str, step: Step) -> None:
    assert step.adapted(tiny_stack()) is step
    assert step.adapted(declaring(checks={"errors": CheckSettings(off="another has them")})) is step
    assert step.adapted(declaring(checks={check: CheckSettings(off="another has them")})) is None


def test_what_is_tried_is_told_with_how_often() -> None:
    deploy = Retry(phase="tried", verb="deploy", release=NEW)
    assert deploy.title() == f"deploy {NEW}, up to 3 times until the deployer succeeds"
    assert Retry(phase="tried", verb="rollback", times=2).title().startswith("roll back, up to 2 times ")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"verb": "rollback"}, None),
        ({"verb": "rollback", "release": NEW}, "a rollback takes no release"),
        ({"verb": "deploy"}, "it names no release"),
        ({"verb": "deploy", "release": NEW}, None),
        ({"verb": "deploy", "release": "9"}, "the stack has no release 9; it has 1.0.0, 1.1.0"),
    ],
)
def test_a_deployment_is_tried_to_a_release_of_the_stack_and_a_rollback_to_none(
    given: dict[str, Any], problem: str | None
) -> None:
    assert Retry(phase="tried", **given).problem(tiny_stack()) == problem


def test_what_is_tried_needs_the_load_and_a_rollback_something_to_take_back() -> None:
    deploy, back = Retry(phase="tried", verb="deploy", release=NEW), Retry(phase="tried", verb="rollback")
    assert (deploy.requires(), back.requires()) == ((LOAD,), (LOAD, DEPLOYED))


def test_logs_are_rotated_where_one_says_how_and_the_queue_is_watched_where_there_is_one() -> None:
    step = Rotate(phase="rotated", seconds=1.0)
    assert step.problem(tiny_stack()) == "no log declares `rotate`"
    assert step.problem(rotating()) is None
    drained = Rotate(phase="rotated", seconds=1.0, drain=Level(within=1.0))
    assert drained.problem(without_a_queue()) == "the stack declares no queue"
