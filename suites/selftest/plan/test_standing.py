"""What is asked wherever an environment stands on a release: only what the stack declares, and as it declares it."""

from __future__ import annotations

from typing import Any

from fixtures import reference
from harness.plan.standing import QUEUE_SLACK, drained, level, measured, standing
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.drain import Level
from harness.stack import Stack, load
from suites.selftest.plan.made import tiny_stack

STACK = load(reference.STACK, environ={})


def asked(checks: tuple[CheckCall, ...]) -> dict[str, Any]:
    return {one.check: one.parameters for one in checks}


def naming(stack: Stack) -> Stack:
    """The same, whose answers name the release."""
    workload = stack.harness.workload
    assert workload is not None
    changed = workload.model_copy(update={"release": "header:X-Release"})
    return stack.model_copy(update={"harness": stack.harness.model_copy(update={"workload": changed})})


def test_all_that_the_reference_stack_declares_is_asked_for() -> None:
    assert asked(standing(STACK, "4.1.0", "before")) == {
        "release": {"release": "4.1.0"}, "errors": {}, "containers": {}, "restarts": {"baseline": "before"},
        "logs": {"release": "4.1.0", "baseline": "before"}, "health": {}, "registry": {},
        "convergence": {"release": "4.1.0"},
    }  # fmt: skip


def test_answers_that_name_their_release_are_held_to_it() -> None:
    assert asked(standing(naming(STACK), "4.1.0"))["answers"] == {"release": "4.1.0"}


def test_of_a_stack_that_declares_nothing_the_release_alone_is_asked() -> None:
    stack = tiny_stack()
    probes = stack.harness.probes.model_copy(update={"release": {}, "health": {}, "registry": None})
    services = {name: one.model_copy(update={"healthcheck": None}) for name, one in stack.services.items()}
    harness = stack.harness.model_copy(update={"probes": probes, "logs": {}, "workload": None})
    bare = stack.model_copy(update={"services": services, "harness": harness})
    assert [*asked(standing(bare, "1.0.0"))] == ["release", "errors", "containers", "convergence"]


def test_a_queue_may_hold_what_is_in_flight_beside_what_it_held_before() -> None:
    assert level(STACK, 20.0, "before") == Level(within=20.0, baseline="before", slack=5.0)
    assert asked(drained(STACK, 20.0, "before")) == {
        "queue": {"baseline": "before", "within": 20.0, "slack": QUEUE_SLACK},
    }  # fmt: skip
    harness = STACK.harness.model_copy(update={"servers": {}})
    without = STACK.model_copy(update={"harness": harness})
    assert (level(without, 20.0), drained(without, 20.0)) == (None, ())


def test_a_baseline_that_is_not_sound_gates_nothing() -> None:
    found = measured(STACK, "4.1.0", 7.0, "usual")
    assert (found.phase, found.seconds, found.precondition) == ("usual", 7.0, True)
    assert found.checks == standing(STACK, "4.1.0", "usual")
