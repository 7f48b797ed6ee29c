"""What is asked of a deployment and of a rollback while the deployer works."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from fixtures import reference
from harness.plan.changing import while_changing, while_interrupted
from harness.plan.gate import Gate
from harness.plan.steps.check import Check
from harness.plan.steps.deploy import Deploy
from harness.plan.steps.interrupt import Interrupt
from harness.plan.steps.rollback import Rollback
from harness.stack import Stack, load
from suites.selftest.plan.made import NEW, deployed_by, gate, tiny_stack, trial


@cache
def stack() -> Stack:
    return load(reference.STACK, environ={})


def names(asked: tuple[Any, ...]) -> list[str]:
    return [one.check for one in asked]


def test_everything_that_the_stack_can_tell_is_asked() -> None:
    assert names(while_changing(stack(), "baseline")) == ["availability", "log-errors", "locks"]
    assert names(while_interrupted(stack(), "baseline")) == ["log-errors", "locks"]


def test_a_stack_without_a_server_that_tells_of_locks_is_not_asked_for_them() -> None:
    assert names(while_changing(tiny_stack(), "baseline")) == ["availability", "log-errors"]
    bare = tiny_stack().model_copy(update={"harness": tiny_stack().harness.model_copy(update={"logs": {}})})
    assert names(while_changing(bare, "baseline")) == ["availability"]
    assert not while_interrupted(bare, "baseline")


@pytest.mark.parametrize("scenario", ["round-trip", "half-deployment"])
def test_every_deployment_and_every_rollback_of_the_gate_is_asked(scenario: str) -> None:
    (plan,) = Gate(stack(), "4.1.0", "4.1.1").plans([scenario])
    changes = [step.phase for step in plan.steps if isinstance(step, Deploy | Rollback | Interrupt)]
    asked = {
        step.phase
        for step in plan.steps
        if isinstance(step, Check) and {"log-errors", "locks"} <= set(names(step.checks))
    }
    assert changes
    assert set(changes) == asked


def test_logs_are_marked_before_the_deployer_begins_and_reported_when_it_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, seen = trial(), list[str]()
    monkeypatch.setattr(made.environment, "mark_logs", lambda _prefix: seen.append("mark"))
    monkeypatch.setattr(made.environment, "report_logs", lambda: seen.append("report"))
    monkeypatch.setattr(made.workload, "window", lambda _phase: made.history.scope())
    deployed_by(made, monkeypatch, seen.append)
    (step,) = (
        one for one in gate().plans(["round-trip"])[0].steps if isinstance(one, Deploy) and one.phase == "deploy"
    )
    assert step.release == NEW
    step.run(made, None)  # type: ignore[arg-type]
    assert seen == ["mark", f"deploy {NEW}", "report"]
