"""The gate under faults on a stack, as tests: `harness gate --faults NAMES`, each case in an environment of its own.

pytest suites/gate/test_under_faults.py --stack compose.yaml --gate-faults cache.stale,latency -n 2
"""

from __future__ import annotations

import pytest

from harness.plan.cases import Case
from harness.plan.gate import Gate
from harness.plan.gating import run_plans
from harness.plan.run import Run
from harness.plan.under_faults import plan
from harness.stack import Stack


@pytest.mark.containers
@pytest.mark.sampled
@pytest.mark.paired
def test_a_release_can_be_taken_back_under_a_fault(harness_run: Run, stack: Stack, gate: Gate, case: Case) -> None:
    assert run_plans(harness_run, stack, (plan(gate, case),))
