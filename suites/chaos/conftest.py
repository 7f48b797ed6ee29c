"""A short campaign as tests: a plan is a test, its seed a parameter."""

from __future__ import annotations

import pytest

from harness.chaos.seeds import plan_seed
from harness.plan.random import RandomPlan, generate
from harness.stack import Stack


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The plans of `harness chaos --seed SEED --plans PLANS`, each with the seed that its faults have there."""
    if "random_plan" in metafunc.fixturenames:
        campaign, plans = metafunc.config.getoption("chaos_seed"), metafunc.config.getoption("chaos_plans")
        seeds = [plan_seed(campaign, number) for number in range(1, plans + 1)]
        cases = [pytest.param(seed, id=f"seed {seed}", marks=pytest.mark.harness(seed=seed)) for seed in seeds]
        metafunc.parametrize("random_plan", cases, indirect=True)


@pytest.fixture
def random_plan(request: pytest.FixtureRequest, stack: Stack, release_from: str, release_to: str) -> RandomPlan:
    """The plan of the test's seed."""
    return generate(stack, release_from, release_to, request.param)
