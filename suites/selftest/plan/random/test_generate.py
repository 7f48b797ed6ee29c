"""Random plans: every one makes sense, is within its bounds, is a file, and ends with what must run."""

from __future__ import annotations

import pytest

from harness.plan.plan import of_data, of_text
from harness.plan.random import Bounds
from harness.plan.random.draft import ROLLBACK_SIDE
from suites.selftest.plan.random.stacks import STACKS

SEEDS = range(130)  # on each of the stacks; 520 plans
FINAL = {"again", "hold", "recover", "fingerprint"}


@pytest.mark.parametrize("name", STACKS)
def test_every_plan_makes_sense_is_within_its_bounds_and_ends_with_the_final_part(name: str) -> None:
    drawn, bounds = STACKS[name], Bounds()
    for seed in SEEDS:
        made = drawn.plan(seed)
        made.plan.check(drawn.stack)
        assert len(made.plan.every) <= bounds.steps
        assert made.seconds <= bounds.seconds
        assert {step.step_name() for step in made.plan.final} >= FINAL


@pytest.mark.parametrize("name", STACKS)
def test_every_plan_is_a_file_in_yaml_and_as_data(name: str) -> None:
    for seed in range(25):
        plan = STACKS[name].plan(seed).plan
        assert of_text(plan.to_yaml(), "plan.yaml") == plan
        assert of_data(plan.to_data()) == plan


@pytest.mark.parametrize("name", ["tiny", "reference", "rolling"])
def test_the_way_back_is_favoured(name: str) -> None:
    elements = [one for seed in SEEDS for one in STACKS[name].plan(seed).elements]
    back = [one for one in elements if one.stage in ROLLBACK_SIDE]
    assert len(back) > len(elements) / 2
