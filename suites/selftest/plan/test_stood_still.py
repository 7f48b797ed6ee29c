"""A machine, a generator and a service that stand still are told apart, on the tiny stack."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixtures import tiny
from harness.engine import Engine
from harness.plan.run import Options, Run
from harness.plan.trial import Trial
from harness.stack import load
from harness.verdict import Outcome, Verdict
from suites.raw import select
from suites.selftest.plan.made import OLD

pytestmark = [pytest.mark.containers, pytest.mark.sampled]
LASTS = 2.0  # s


@contextmanager
def paused(trial: Trial, *replicas: str) -> Iterator[None]:
    """Replicas do nothing within the block."""
    engine = trial.environment.engine
    containers = [engine.containers.get(trial.environment.replica(name).container) for name in replicas]
    for container in containers:
        container.pause()
    try:
        yield
    finally:
        for container in containers:
            container.unpause()


@contextmanager
def stopped(trial: Trial) -> Iterator[None]:
    """The load generator does nothing within the block."""
    pid = trial.workload.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def during(trial: Trial, phase: str, meanwhile: Callable[[], None]) -> Verdict:
    with trial.phase(phase), trial.measured(phase):
        meanwhile()
    return trial.checks.availability(phase=phase)


def test_a_generator_that_stood_still_saw_no_outage_and_a_service_that_stood_still_had_one(
    harness_engine: Engine, tmp_path: Path
) -> None:
    """What stands still does so for a stated time: that is what is measured."""
    stack = load(tiny.STACK, environ={})
    with Run(harness_engine, Options(out=tmp_path)) as run:
        environment = run.environment(stack, OLD, test="stood-still")
        scope = run.history.scope(environment=environment.id)
        with scope, environment, Trial(environment, run.samples(environment)) as trial:
            trial.workload.start()
            with trial.phase("baseline"):
                trial.watch("baseline", 2.0)

            def freeze() -> None:
                with paused(trial, "web-1", "web-2"):
                    time.sleep(LASTS)

            def blind() -> None:
                with stopped(trial), paused(trial, "web-1", "web-2"):
                    time.sleep(LASTS)

            frozen, unseen = during(trial, "frozen", freeze), during(trial, "blind", blind)
            with trial.phase("settled"):
                trial.collect()
            containers = trial.checks.containers(phase="settled")
        witness = select(run.history.events, "witness", place="door")
    assert frozen.outcome is Outcome.FAIL, frozen
    outage = re.match(r"no request was answered in time for ([\d.]+) s, longer than 1 s", frozen.reason)
    assert outage is not None, frozen
    assert float(outage[1]) >= 0.9 * LASTS
    assert unseen.outcome is Outcome.UNKNOWN, unseen
    assert "the load generator stood still for" in unseen.reason
    assert containers.outcome is Outcome.FAIL, containers
    assert "web-1 was paused" in containers.reason
    assert sum(event.data["end"] - event.data["begin"] for event in witness) > 5.0


def test_the_witness_says_for_how_long_its_container_stood_still(harness_engine: Engine, tmp_path: Path) -> None:
    stack = load(tiny.STACK, environ={})
    with Run(harness_engine, Options(out=tmp_path)) as run:
        with run.environment(stack, OLD, test="witness") as environment:
            door = harness_engine.containers.get(f"{environment.id}-door")
            began = run.history.at(time.monotonic())
            door.pause()
            time.sleep(LASTS)
            door.unpause()
            environment.cover()
            seen = [one for one in select(run.history.events, "witness", place="door") if one.data["end"] > began]
        stood = sum(event.data["stood"] for event in seen)
    assert stood >= 0.9 * LASTS
    assert all(event.data["environment"] == environment.id for event in seen)
    ends = [event.data["end"] for event in seen]
    assert ends == sorted(ends)
