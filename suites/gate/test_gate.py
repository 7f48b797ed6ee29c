"""The gate on a stack: the same scenarios as `harness gate`, as tests. By default on the reference stack.

pytest suites/gate --stack compose.yaml --release-from 4.1.0 --release-to 4.1.1
"""

from __future__ import annotations

import pytest

from harness.deploy import Deployer
from harness.history import History
from harness.plan.gate import Gate, half_deployment, round_trip
from harness.plan.runner import run
from harness.plan.subject import Subject
from harness.plan.trial import Trial
from suites.raw import select


@pytest.mark.sampled
@pytest.mark.paired
def test_a_release_can_be_deployed_and_taken_back_and_taking_it_back_twice_does_no_harm(
    trial: Trial, gate: Gate
) -> None:
    assert run(round_trip(gate), trial)


@pytest.mark.sampled
@pytest.mark.paired
def test_a_deployment_that_stopped_halfway_can_be_taken_back(trial: Trial, gate: Gate) -> None:
    assert run(half_deployment(gate), trial)


@pytest.mark.sampled
def test_every_replica_says_by_itself_which_release_it_runs(
    environment: Subject, deployer: Deployer, release_from: str, release_to: str, history: History
) -> None:
    assert environment.runs(release_from)
    deployer.deploy(release_to)
    assert environment.runs(release_to)
    deployer.rollback()
    assert environment.runs(release_from)
    asked = {event.data["replica"] for event in select(history.events, "probe.release")}
    assert asked == {replica.name for service in environment.fleet_services for replica in environment[service]}
