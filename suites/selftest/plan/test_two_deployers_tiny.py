"""Two deployers at once on the tiny stack, whose rollback takes another one at work for a dead one."""

from __future__ import annotations

from functools import partial

import pytest

from fixtures import tiny
from harness.checks import two_deployers
from harness.events import DeployerStart
from harness.history import of
from harness.plan.run import Run
from harness.plan.runner import run as run_plan
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.check import Check
from harness.plan.steps.deploy import Deploy
from harness.plan.steps.hold import Hold
from harness.plan.steps.load import Load
from harness.plan.steps.rollback import Rollback
from harness.plan.trial import Trial
from harness.stack import load
from harness.verdict import Outcome
from suites.selftest.plan.made import NEW, OLD, plan_of


def word(verb: str, release: str) -> CheckCall:
    return CheckCall.of(partial(two_deployers.check, verb=verb, release=release))


@pytest.mark.sampled
@pytest.mark.containers
def test_two_sound_deployments_agree_with_the_fleet_and_two_rollbacks_that_meet_do_not(harness_run: Run) -> None:
    stack = load(tiny.STACK, environ={"TINY_DEPLOYER": "repairs"})
    plan = plan_of(
        Load(),
        Deploy(phase="deploy", release=NEW, deployers=2),
        Hold(phase="deploy-seen", seconds=1.0),
        Check(phase="deploy-seen", checks=(word("deploy", NEW),)),
        Rollback(phase="rollback", deployers=2),
        Hold(phase="rollback-seen", seconds=1.0),
        Check(phase="rollback-seen", checks=(word("rollback", OLD),)),
    )
    plan.check(stack)
    environment = harness_run.environment(stack, OLD, test="two deployers", releases=(NEW,))
    with harness_run.history.scope(environment=environment.id), environment, Trial(environment) as trial:
        run_plan(plan, trial)
        starts = [one.body.verb for one in of(trial.history.events, DeployerStart, environment=environment.id)]
    assert starts == ["deploy", "deploy", "rollback", "rollback"]
    deployed, taken_back = trial.verdicts
    assert deployed.outcome is Outcome.PASS, deployed
    assert deployed.reason == f"the two ended with exit codes 0 and 0, and 2 replicas run {NEW}"
    assert taken_back.outcome is Outcome.FAIL, taken_back
    assert f"the deployer says that the rollback succeeded, and web-1 runs {NEW}, not {OLD}" in taken_back.reason
