"""Random plans: every one makes sense, is within its bounds, is a file, and ends with what must run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.plan.cases import possible
from harness.plan.plan import Plan, of_data, of_text
from harness.plan.random import Bounds, RandomPlan, mutators
from harness.plan.random.draft import ROLLBACK_SIDE, STAGES, Draft
from harness.plan.random.draws import LARGEST
from harness.plan.random.estimate import seconds
from harness.plan.random.generate import UNDECLARED
from harness.plan.steps import Step
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.check import Check
from harness.plan.steps.load import Load
from harness.plan.steps.probe import Probe
from suites.selftest.plan.random.stacks import STACKS, Drawn, usual
from suites.selftest.plan.test_golden import one_way

SEEDS = range(60)  # on each of the stacks; 240 plans
ROOT = Path(__file__).parents[4]


def plans(name: str) -> list[RandomPlan]:
    """The plans of all seeds on a stack."""
    return [usual(name, seed) for seed in SEEDS]


def parts(plan: Plan) -> set[tuple[str, str]]:
    """What a plan's file can hold in a way of its own: the keys of each kind of step, its faults and its checks."""
    found = set[tuple[str, str]]()
    for step in plan.every:
        data = step.to_data()
        found |= {(data["step"], key) for key in data} | {(data["step"], str(data.get("fault", {}).get("fault", "")))}
        found |= {("check", one.check) for one in getattr(step, "checks", ())}
    return found


def test_every_plan_makes_sense_on_its_stack() -> None:
    for name, drawn in STACKS.items():
        for made in plans(name):
            made.plan.check(drawn.stack)


def test_every_plan_is_within_its_bounds() -> None:
    for name, drawn in STACKS.items():
        fleet = {"tiny": 2, "reference": 3, "rolling": 2, "minimal": 1}[name]
        for made in plans(name):
            assert len(made.plan.every) <= Bounds().steps
            assert made.seconds == seconds(made.plan.every, fleet) <= Bounds().seconds, drawn


def test_every_plan_ends_with_what_must_run_whatever_happened() -> None:
    for name, drawn in STACKS.items():
        for made in plans(name):
            final = [step.step_name() for step in made.plan.final]
            assert final[-1] in ("check", "against")
            assert {"again", "hold", "recover", "fingerprint"} <= set(final)
            assert ("read-back" in final, "read-everything" in final) == ((name == "reference"),) * 2
            (again,) = [step for step in made.plan.final if step.step_name() == "again"]
            assert again.to_data()["release"] == drawn.old
            ended = [str(one.check) for one in made.plan.final[-1].checks]  # type: ignore[attr-defined]
            assert ended == ["trace"]


def test_the_load_is_as_declared_at_the_end_of_every_plan() -> None:
    for drawn, made in ((STACKS[name], made) for name in STACKS for made in plans(name)):
        workload = drawn.stack.harness.workload
        assert workload is not None
        rates = [step.rate for step in made.plan.every if isinstance(step, Load)]
        assert rates[-1] in (None, workload.rate)
        first = made.plan.final[0]
        assert isinstance(first, Load) == (len(rates) > 1)


def test_every_quiet_point_is_judged_by_convergence_logs_work_recovery_and_on_the_old_release_by_trace() -> None:
    for made in plans("reference"):
        steps = [(step.step_name(), step.about, step) for step in made.plan.every]
        for phase in [about for kind, about, _ in steps if kind == "recover"]:
            mine = [step for kind, about, step in steps if about == phase]
            asked = {str(one.check) for step in mine for one in getattr(step, "checks", ())}
            assert {"release", "convergence", "logs", "errors", "containers", "queue", "registry", "reads"} <= asked
            assert "read-back" in {step.step_name() for step in mine}
            assert ("trace" in asked) == (not phase.startswith("deployed"))
        assert [about for kind, about, _ in steps if kind == "recover"][-1] == "final"


def test_every_plan_is_a_file_in_yaml_in_json_and_as_data() -> None:
    for name in STACKS:
        seen = set[tuple[str, str]]()
        for plan in (made.plan for made in plans(name)):
            if parts(plan) <= seen:
                continue  # those before it were read again with everything that it holds
            seen |= parts(plan)
            assert of_text(plan.to_yaml(), "plan.yaml") == plan
            assert of_text(json.dumps(plan.to_data()), "plan.json") == plan
            assert of_data(plan.to_data()) == plan


# -- pure --------------------------------------------------------------------------------------------------------------

PRINTED = """
import json, sys
from suites.selftest.plan.random.stacks import STACKS
print(json.dumps([drawn.plan(seed).plan.to_data() for drawn in STACKS.values() for seed in range(8)]))
"""


@pytest.mark.parametrize("hashing", ["1", "4242"])
def test_another_process_with_another_seed_for_hashes_draws_the_same_plans(hashing: str) -> None:
    environ = {**os.environ, "PYTHONHASHSEED": hashing, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PRINTED], env=environ, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [plans(name)[seed].plan.to_data() for name in STACKS for seed in range(8)]


def test_seeds_differ() -> None:
    assert len({json.dumps(made.plan.to_data()["steps"]) for made in plans("reference")}) > 0.95 * len(SEEDS)


# -- bounds ------------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(
    name=st.sampled_from(sorted(STACKS)),
    seed=st.integers(0, LARGEST),
    steps=st.integers(10, 90),
    limit=st.integers(30, 400),
)
def test_whatever_the_bounds_a_plan_is_within_them_or_there_is_none(
    name: str, seed: int, steps: int, limit: int
) -> None:
    drawn, bounds = STACKS[name], Bounds(steps, limit)
    if steps < 25 or limit < 75:
        with suppress(UsageError):  # a stack with much to judge may need more
            drawn.plan(seed, bounds)
        return
    made = drawn.plan(seed, bounds)
    assert len(made.plan.every) <= steps
    assert made.seconds <= limit
    made.plan.check(drawn.stack)
    assert drawn.plan(seed, bounds) == made
    assert made.plan.final
    assert set(made.elements) == set(dict.fromkeys(made.elements))


def test_wider_bounds_give_longer_plans() -> None:
    drawn = STACKS["tiny"]
    short, long = (
        [len(drawn.plan(seed, Bounds(*limits)).plan.every) for seed in range(30)] for limits in ((30, 90), (200, 900))
    )
    assert sum(long) > 1.3 * sum(short)


def test_bounds_that_hold_nothing_are_refused_with_what_is_needed() -> None:
    with pytest.raises(UsageError) as caught:
        STACKS["tiny"].plan(1, Bounds(steps=5, seconds=180.0))
    assert caught.value.got == "5 steps and 180 s"
    least = int(str(caught.value.expected).split()[0])
    assert len(STACKS["tiny"].plan(1, Bounds(steps=least)).plan.every) <= least


@pytest.mark.parametrize("seed", [-1, LARGEST + 1])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(UsageError, match="A seed is out of range"):
        STACKS["tiny"].plan(seed)


def test_a_release_that_cannot_be_taken_back_has_no_random_plans() -> None:
    with pytest.raises(UsageError, match="cannot be taken back"):
        Drawn(one_way(), "4.1.0", "4.1.1").plan(1)


def test_a_stack_without_what_every_plan_needs_is_refused_with_what_to_declare() -> None:
    plain = STACKS["tiny"].stack
    bare = plain.model_copy(update={"harness": plain.harness.model_copy(update={"workload": None})})
    with pytest.raises(UsageError, match="declares no workload"):
        Drawn(bare, "1.0.0", "1.1.0").plan(1)


# -- weights -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tiny", "reference", "rolling"])
def test_the_way_back_is_favoured(name: str) -> None:
    stages = [one.stage for made in plans(name) for one in made.elements]
    assert sum(stage in ROLLBACK_SIDE for stage in stages) > 0.55 * len(stages)
    assert set(stages) == set(STAGES)
    assert stages.count("rollback") > stages.count("deploy")
    assert stages.count("second-attempt") > len(SEEDS) / 5


def test_a_fleet_that_is_half_rolled_back_is_looked_at_more_often_than_one_that_is_half_deployed() -> None:
    """Over the stacks that have fleets: within the bounds there is room for few of either."""
    stages = [one.stage for name in ("tiny", "reference", "rolling") for made in plans(name) for one in made.elements]
    assert stages.count("half-rolled-back") > stages.count("half-deployed") > 10


def test_everything_that_is_tested_least_elsewhere_is_in_many_plans() -> None:
    found = [{one.what for one in made.elements} for made in plans("reference")]
    for what in ("interrupt", "hold-mixed", "second-attempt", "half-deployment", "time-passes", "second-rollback"):
        assert sum(what in elements for elements in found) > len(SEEDS) / 12, what


def test_every_fault_that_the_stack_can_have_is_in_some_plan() -> None:
    stack = STACKS["reference"].stack
    seen = {one.what for made in plans("reference") for one in made.elements}
    assert set(possible(stack)) - set(UNDECLARED) <= seen
    assert not set(UNDECLARED) & seen


def test_elements_name_the_kind_of_deployer() -> None:
    kinds = {name: {one.deployer for made in plans(name) for one in made.elements} for name in STACKS}
    assert kinds == {"tiny": {"command"}, "reference": {"command"}, "rolling": {"rolling"}, "minimal": {"command"}}


# -- mutators ----------------------------------------------------------------------------------------------------------


class Adding(mutators.Mutator):
    """Adds steps to the deployment."""

    weight = 1000
    adds: tuple[Step, ...] = (Probe(phase="looked"),)

    def places(self, draft: Draft, ground: mutators.Ground) -> Iterator[mutators.Place]:  # noqa: ARG002
        yield mutators.Place(0, "deployed")

    def apply(self, draft: Draft, place: mutators.Place, ground: mutators.Ground, draws: object) -> Draft:  # noqa: ARG002
        return draft.changed(0, "adding", steps=self.adds)


class Unmeasured(Adding):
    """Adds a check of a phase that nothing measures."""

    adds = (Check(phase="nowhere", checks=(CheckCall(check="errors"),)),)


class Nonsense(Adding):
    """Gives two legs the same names."""

    repeated = True

    def apply(self, draft: Draft, place: mutators.Place, ground: mutators.Ground, draws: object) -> Draft:  # noqa: ARG002
        return draft.longer("nonsense", *draft.legs)


def test_a_mutator_of_another_package_may_add_any_step_that_makes_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutators, "names", lambda: ("adding",))
    monkeypatch.setattr(mutators, "find", lambda _: Adding)
    made = STACKS["tiny"].plan(1)
    at = [step.about for step in made.plan.steps]
    assert at.index("deploy-seen") < at.index("looked") < at.index("deploy-later") < at.index("deployed")
    assert [str(one) for one in made.elements] == ["probe (deployed, command)"]


@pytest.mark.parametrize("nonsense", [Nonsense, Unmeasured])
def test_a_mutator_that_gives_nonsense_changes_no_plan(
    nonsense: type[mutators.Mutator], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutators, "names", lambda: ("nonsense",))
    monkeypatch.setattr(mutators, "find", lambda _: nonsense)
    made = STACKS["tiny"].plan(1)
    made.plan.check(STACKS["tiny"].stack)
    assert made.elements == ()
