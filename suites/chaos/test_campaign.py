"""Random plans on a stack, as tests: `harness chaos` in a form that pytest runs side by side and reports.

pytest suites/chaos --stack compose.yaml --chaos-seed 7 --chaos-plans 20 -n 2 --alluredir allure-results
"""

from __future__ import annotations

import pytest

from harness.plan.random import RandomPlan
from harness.plan.runner import run
from harness.plan.trial import Trial


@pytest.mark.sampled
@pytest.mark.paired
def test_a_release_can_be_taken_back_whatever_happens_meanwhile(trial: Trial, random_plan: RandomPlan) -> None:
    assert run(random_plan.plan, trial)
