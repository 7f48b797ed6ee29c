"""Where a stack declares reads and side effects, the gate's plans read and count; elsewhere they are as they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fixtures import reference
from harness.plan.gate import Gate, Settings, round_trip
from harness.plan.reading import with_reads
from harness.plan.steps.deploy import Deploy
from harness.plan.steps.effects import Effects
from harness.plan.steps.heal import Heal
from harness.plan.steps.hold import Hold
from harness.plan.steps.inject import Inject
from harness.plan.steps.read_everything import ReadEverything
from harness.plan.steps.recover import Recover
from harness.plan.steps.recovered import Recovered
from harness.plan.steps.rollback import Rollback
from harness.stack import Readback, Stack, load
from harness.stack.xharness import CheckSettings

WHOLE = load(reference.STACK, environ={})
STEPS = (
    Hold(phase="baseline", seconds=1.0),
    Deploy(phase="deploy", release="4.1.1"),
    Hold(phase="deployed", seconds=1.0),
    Rollback(phase="rollback"),
    Recovered(phase="recovered", baseline="baseline"),
    Hold(phase="rolled-back", seconds=1.0),
    Recover(phase="rolled-back", within=1.0, hold=1.0),
)


def changed(**load_: Any) -> Stack:
    workload = WHOLE.harness.workload
    assert workload is not None
    harness = WHOLE.harness.model_copy(update={"workload": workload.model_copy(update=load_)})
    return WHOLE.model_copy(update={"harness": harness})


def silent() -> Stack:
    """The same, and nothing is read."""
    workload = WHOLE.harness.workload
    assert workload is not None
    return changed(requests=tuple(one.model_copy(update={"read": None}) for one in workload.mix))


EFFECT = {"mails": Readback.model_validate({"in": "database", "command": ["cat"]})}


def asked(step: Hold | Recover) -> list[Mapping[str, Any]]:
    return [one.parameters for one in step.checks if one.check == "reads"]


def test_a_stack_that_declares_neither_has_the_same_plan() -> None:
    assert tuple(with_reads(silent(), STEPS, 30.0)) == STEPS


def test_every_phase_that_is_held_is_judged_for_the_change_before_it_too() -> None:
    held = [one for one in with_reads(WHOLE, STEPS, 30.0) if isinstance(one, Hold | Recover)]
    assert [asked(one) for one in held] == [
        [{}], [{"changing": ["deploy"]}], [{"changing": ["rollback", "recovered"]}], [{}],
    ]  # fmt: skip


def test_where_nothing_is_read_beside_the_load_no_phase_is_judged_by_it() -> None:
    made = list(with_reads(changed(reads=0.0), STEPS, 30.0))
    assert not [one for one in made if isinstance(one, Hold | Recover) and asked(one)]
    assert [one for one in made if isinstance(one, ReadEverything)]


def test_after_each_rollback_and_nothing_else_everything_is_read() -> None:
    made = list(with_reads(WHOLE, STEPS, 30.0))
    assert [one.phase for one in made if isinstance(one, ReadEverything)] == ["rolled-back"]
    assert isinstance(made[made.index(next(one for one in made if isinstance(one, ReadEverything))) - 1], Hold)


def test_after_each_change_side_effects_are_counted() -> None:
    made = list(with_reads(changed(effects=EFFECT), STEPS, 7.0))
    assert [(one.phase, one.within) for one in made if isinstance(one, Effects)] == [
        ("deployed", 7.0), ("rolled-back", 7.0),
    ]  # fmt: skip


def test_the_gate_reads_everything_after_each_of_its_three_rollbacks() -> None:
    made = round_trip(Gate(WHOLE, "4.1.0", "4.1.1", Settings()))
    assert [(one.phase, one.most) for one in made.steps if isinstance(one, ReadEverything)] == [
        ("rolled-back", 2000), ("rolled-back-twice", 500), ("rolled-back-again", 500),
    ]  # fmt: skip


def test_a_check_that_is_switched_off_is_not_asked() -> None:
    off = {name: CheckSettings(off="not now") for name in ("reads", "reads-forward", "effects")}
    stack = changed(effects=EFFECT)
    quiet = stack.model_copy(update={"harness": stack.harness.model_copy(update={"checks": off})})
    made = round_trip(Gate(quiet, "4.1.0", "4.1.1", Settings()))
    assert not [one for one in made.steps if isinstance(one, ReadEverything | Effects)]
    assert not [one for one in made.steps if isinstance(one, Hold | Recover) and asked(one)]


def test_steps_that_a_stack_does_not_declare_are_refused_with_why() -> None:
    assert ReadEverything(phase="p").problem(WHOLE) is None
    assert "does not declare how what was acknowledged is read" in str(ReadEverything(phase="p").problem(silent()))
    assert Effects(phase="p").problem(changed(effects=EFFECT)) is None
    assert "declares no side effects" in str(Effects(phase="p").problem(WHOLE))


def test_a_change_under_a_fault_is_read_as_one() -> None:
    fault = {"fault": "latency", "from": "all", "to": "cache", "ms": 5}
    steps = (
        Inject(phase="on", name="slow", fault=fault), Deploy(phase="deploy", release="4.1.1"), Heal(name="slow"),
        Hold(phase="deployed", seconds=1.0), Rollback(phase="rollback"), Hold(phase="rolled-back", seconds=1.0),
    )  # fmt: skip
    deployed, back = (asked(one) for one in with_reads(WHOLE, steps, 30.0) if isinstance(one, Hold))
    assert deployed == [{"changing": ["deploy"], "disturbed": ["deploy"]}]
    assert back == [{"changing": ["rollback"]}]


def test_phases_after_one_with_a_fault_on_are_as_disturbed_until_the_load_has_been_waited_for() -> None:
    steps = (
        Deploy(phase="deploy", release="4.1.1"),
        Inject(phase="on", name="slow", fault={"fault": "latency", "from": "all", "to": "database", "ms": 100}),
        Rollback(phase="rollback"),
        Heal(name="slow"),
        Rollback(phase="rollback-retried"),
        Hold(phase="final", seconds=1.0),
        Rollback(phase="rollback-again"),
        Hold(phase="final-again", seconds=1.0),
    )
    held = [step for step in with_reads(WHOLE, steps, 30.0) if isinstance(step, Hold)]
    assert [dict(asked(step)[0]) for step in held] == [
        {"changing": ["deploy", "rollback", "rollback-retried"], "disturbed": ["rollback", "rollback-retried"]},
        {"changing": ["rollback-again"]},
    ]


def test_a_recovery_after_a_deployment_is_no_rollback() -> None:
    steps = (STEPS[0], STEPS[1], Recovered(phase="recovered", baseline="baseline"), STEPS[2])
    assert not [one for one in with_reads(WHOLE, steps, 30.0) if isinstance(one, ReadEverything)]
