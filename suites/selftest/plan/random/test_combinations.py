"""What no random plan may contain: faults that keep each other from biting, acts that mean nothing where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from harness.errors import UsageError
from harness.plan.plan import Plan
from harness.plan.random import Bounds
from harness.plan.random.mutators._faults import GENTLE, WITHIN
from harness.plan.steps import Step
from harness.plan.steps.attempt import Attempt
from harness.plan.steps.deploy import Deploy
from harness.plan.steps.heal import Heal
from harness.plan.steps.hold import Hold
from harness.plan.steps.inject import Inject
from harness.plan.steps.interrupt import Interrupt
from harness.plan.steps.load import Load
from harness.plan.steps.mark import Mark
from harness.plan.steps.recover import Recover
from harness.plan.steps.restart import Restart
from harness.plan.steps.rollback import Rollback
from harness.stack import Stack
from suites.selftest.plan.random.stacks import STACKS

COMMANDS = (Deploy, Rollback, Attempt, Interrupt)
WIDE = Bounds(steps=120, seconds=500)


@cache
def drawn(name: str) -> tuple[tuple[Plan, ...], tuple[UsageError, ...]]:
    """Long plans, in which much comes together; and why a plan was refused while they were drawn."""
    refused: list[UsageError] = []
    plain = Plan.check

    def check(plan: Plan, stack: Stack) -> None:
        try:
            plain(plan, stack)
        except UsageError as error:
            refused.append(error)
            raise

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Plan, "check", check)
        found = tuple(STACKS[name].plan(seed, WIDE).plan for seed in range(1000, 1100))
    return found, tuple(refused)


def plans(name: str) -> tuple[Plan, ...]:
    return drawn(name)[0]


@pytest.mark.parametrize("name", STACKS)
def test_no_mutator_of_ours_gives_a_plan_that_has_to_be_refused(name: str) -> None:
    assert drawn(name)[1] == ()


def walked(plan: Plan) -> Iterator[tuple[Step, dict[str, str], str]]:
    """Each step with the faults that are on when it begins, by name, and where the fleet stands: old, half or new."""
    on: dict[str, str] = {}
    fleet = "old"
    for step in plan.steps:
        yield step, dict(on), fleet
        if isinstance(step, Inject | Attempt):
            on[step.name] = str(step.fault["fault"])
        if isinstance(step, Heal):
            del on[step.name]
        if isinstance(step, Interrupt):
            fleet = "half"
        elif isinstance(step, Deploy):
            fleet = "new"
        elif isinstance(step, Rollback):
            fleet = "old"
        elif isinstance(step, Attempt):
            fleet = "new" if step.verb == "deploy" else "old"


@pytest.mark.parametrize("name", STACKS)
def test_only_gentle_faults_of_different_families_are_on_at_the_same_time(name: str) -> None:
    most = 0
    for step, on, _ in (one for plan in plans(name) for one in walked(plan)):
        most = max(most, len(on))
        if len(on) > 1:
            assert set(on.values()) <= set(GENTLE), step
            assert len({fault.partition(".")[0] for fault in on.values()}) == len(on), step
    assert most > 1 or name in ("minimal", "rolling")  # else nothing was looked at


@pytest.mark.parametrize("name", STACKS)
def test_every_fault_is_healed_before_anything_is_judged_and_nothing_is_healed_twice(name: str) -> None:
    for step, on, _ in (one for plan in plans(name) for one in walked(plan)):
        if isinstance(step, Recover | Restart | Load):
            assert on == {}, step


def test_a_fault_that_only_the_deployer_meets_is_on_while_a_command_runs() -> None:
    seen = 0
    for plan in plans("reference"):
        for number, (step, on, _) in enumerate(walked(plan)):
            if isinstance(step, Inject) and str(step.fault["fault"]).startswith("deployment."):
                seen += 1
                following = [one for one in plan.steps[number + 1 :] if not isinstance(one, Inject | Hold)]
                assert isinstance(following[0], COMMANDS), (plan.name, step, on)
    assert seen > 5


def test_where_containers_are_replaced_no_fault_is_within_one_meanwhile() -> None:
    for step, on, _ in (one for plan in plans("rolling") for one in walked(plan)):
        if isinstance(step, COMMANDS):
            assert not [fault for fault in on.values() if fault.startswith(WITHIN)], step
            assert not (isinstance(step, Attempt) and str(step.fault["fault"]).startswith(WITHIN)), step


@pytest.mark.parametrize("name", ["tiny", "reference", "rolling"])
def test_only_a_rollback_of_a_whole_deployment_is_stopped_half_way(name: str) -> None:
    """A deployment is stopped where none was begun, or where the one before was meant to fail."""
    stopped = 0
    for plan in plans(name):
        before: Step | None = None
        for step, _, fleet in walked(plan):
            if isinstance(step, Interrupt | Attempt):
                stopped += 1
                fails_again = isinstance(before, Interrupt) and "-failed-" in before.phase
                expected = "half" if fails_again else "old" if step.verb == "deploy" else "new"
                assert fleet == expected, step
            before = step
    assert stopped > 50


@pytest.mark.parametrize("name", ["tiny", "reference", "rolling"])
def test_deployments_that_fail_are_two_or_three_and_are_rolled_back(name: str) -> None:
    found = set()
    for plan in plans(name):
        commands = [step for step in plan.steps if isinstance(step, COMMANDS)]
        failed = [number for number, step in enumerate(commands) if "-failed-" in step.phase]
        for number in failed:
            (leg, _, _) = commands[number].phase.partition("-failed-")
            own = [step for step in commands if step.phase.startswith((f"{leg}-failed-", f"{leg}-stopped"))]
            assert all(isinstance(step, Interrupt) and step.verb == "deploy" for step in own)
            (following,) = commands[commands.index(own[-1]) + 1 :][:1]
            assert isinstance(following, Rollback) or getattr(following, "verb", "") == "rollback", following
            found.add(len(own))
    assert found == {2, 3}


@pytest.mark.parametrize("name", STACKS)
def test_two_deployers_are_given_what_takes_time_and_only_commands_of_the_stacks_own(name: str) -> None:
    stages = set()
    for plan in plans(name):
        for number, step in enumerate(plan.steps):
            if isinstance(step, Deploy | Rollback | Attempt) and step.deployers > 1:
                stopped = any(
                    one.phase == f"{step.phase}-stopped" for one in plan.steps[:number] if isinstance(one, Interrupt)
                )
                stages.add("second-attempt" if stopped else step.phase)
    if name == "rolling":
        assert stages == set()
    else:
        assert {"deploy", "rollback"} <= stages
        assert stages <= {"deploy", "rollback", "deploy-again", "rollback-again", "second-attempt"}
        assert ("second-attempt" in stages) == (name != "minimal")


def test_one_replica_alone_is_never_half_way() -> None:
    assert not [step for plan in plans("minimal") for step in plan.steps if isinstance(step, Interrupt | Attempt)]


@pytest.mark.parametrize("name", ["tiny", "reference", "rolling"])
def test_the_deployer_is_killed_before_every_replica_is_there(name: str) -> None:
    fleet = 3 if name == "reference" else 2
    found = {step.replicas for plan in plans(name) for step in plan.steps if isinstance(step, Interrupt)}
    assert found == set(range(1, fleet))


@pytest.mark.parametrize("name", ["tiny", "reference"])
def test_twice_the_load_is_never_together_with_a_fault(name: str) -> None:
    doubled = 0
    for plan in plans(name):
        declared = next(step.rate for step in plan.final if isinstance(step, Load)) if _loads(plan) > 1 else None
        rate = declared
        for step, on, _ in walked(plan):
            if isinstance(step, Load) and step.rate is not None:
                rate = step.rate
                doubled += rate != declared
            assert not (on and rate != declared), step
    assert doubled > 5


def _loads(plan: Plan) -> int:
    return sum(isinstance(step, Load) for step in plan.every)


def test_what_puts_a_mark_back_has_one() -> None:
    marked = 0
    for plan in plans("reference"):
        stale = [one for one in plan.steps if isinstance(one, Inject | Attempt) and one.fault["fault"] == "cache.stale"]
        marks = [number for number, step in enumerate(plan.steps) if isinstance(step, Mark)]
        assert len(marks) == (1 if stale else 0)
        if stale:
            marked += 1
            assert marks[0] < plan.steps.index(stale[0])
    assert marked > 3


@pytest.mark.parametrize("name", STACKS)
def test_every_fault_of_a_plan_but_the_deployers_own_was_on_before_anything_was_deployed(name: str) -> None:
    for plan in plans(name):
        commands = [number for number, step in enumerate(plan.steps) if isinstance(step, COMMANDS)]
        faults = [(number, step) for number, step in enumerate(plan.steps) if isinstance(step, Inject | Attempt)]
        before = [
            dict(step.fault) for number, step in faults if number < commands[0] and step.name.startswith("control")
        ]
        assert len(before) == len({str(one) for one in before})
        for _, step in faults:
            assert str(step.fault["fault"]).startswith("deployment.") or dict(step.fault) in before
