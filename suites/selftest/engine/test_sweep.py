from __future__ import annotations

import signal
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.engine.engine import Engine
from harness.engine.labels import LEASE, Owner
from harness.engine.spec import Attachment, ContainerSpec
from harness.engine.sweep import Swept, dead, remains, sweep

pytestmark = pytest.mark.containers

HOLD = """
import sys, time
from harness.engine.engine import Engine
from harness.engine.labels import Owner
from harness.engine.spec import Attachment, ContainerSpec
environment, image = sys.argv[1:]
owner = Owner("run-" + environment, environment)
engine = Engine.connect()
lease = engine.leases.acquire(owner)
network = engine.networks.create(environment, owner)
engine.volumes.create(environment, owner)
spec = ContainerSpec(environment, image, owner, command=("sleep", "600"), networks=(Attachment(network),))
engine.containers.create(spec).start()
if environment.endswith("kept"):
    lease.keep()
print("up", flush=True)
time.sleep(600)
"""


def killed_run(image: str, suffix: str = "") -> str:
    """Another process brings an environment up and is ended by SIGKILL; returns the environment."""
    environment = f"engine-{uuid.uuid4().hex[:8]}{suffix}"
    call = [sys.executable, "-c", HOLD, environment, image]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    return environment


def test_what_a_killed_run_left_is_swept_at_once(engine: Engine, image: str) -> None:
    environment = killed_run(image)
    assert environment in dead(engine)
    assert sweep(engine, environment=environment) == Swept(1, 1, 1, (environment,))
    assert environment not in remains(engine)
    assert engine.leases.list([f"{LEASE}={environment}"]) == ()


def test_a_living_run_is_left_alone(engine: Engine, owner: Owner, image: str) -> None:
    network = engine.networks.create(owner.environment, owner)
    spec = ContainerSpec(owner.environment, image, owner, command=("true",), networks=(Attachment(network),))
    engine.containers.create(spec)
    assert owner.environment not in dead(engine)
    assert sweep(engine, environment=owner.environment) == Swept()
    assert len(remains(engine)[owner.environment].containers) == 1


def test_a_lease_that_fell_between_the_lists_is_seen_before_anything_is_removed(
    engine: Engine, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = engine.networks.create(owner.environment, owner)
    one = remains(engine)[owner.environment]
    monkeypatch.setattr("harness.engine.sweep.dead", lambda *_, **__: {owner.environment: one})
    assert sweep(engine, environment=owner.environment) == Swept()
    assert network.id in engine.networks.list()


def test_a_kept_environment_outlives_its_run_until_it_is_asked_for(engine: Engine, image: str) -> None:
    environment = killed_run(image, "-kept")
    assert sweep(engine, environment=environment) == Swept()
    assert sweep(engine, run=f"run-{environment}", kept=True).environments == (environment,)
    assert environment not in remains(engine)


def test_two_sweeps_at_once_do_no_harm_to_each_other(engine: Engine, image: str) -> None:
    environments = [killed_run(image) for _ in range(3)]
    with ThreadPoolExecutor(6) as pool:
        swept = list(pool.map(lambda environment: sweep(engine, environment=environment), environments * 2))
    assert not [problem for one in swept for problem in one.problems]
    assert not set(environments) & set(remains(engine))


def test_what_is_not_ours_is_never_removed(engine: Engine, image: str) -> None:
    environment = killed_run(image)
    stranger = engine.api.create_container(image, command=["sleep", "600"], name=f"{environment}-stranger")
    try:
        network = next(iter(engine.networks.list([f"{LEASE}={environment}"])))
        engine.api.connect_container_to_network(stranger["Id"], network)
        engine.api.start(stranger["Id"])
        swept = sweep(engine, environment=environment)
        assert "not ours" in swept.problems[0]
        assert engine.leases.list([f"{LEASE}={environment}"]) != ()  # what is left can still be found
        assert engine.api.inspect_container(stranger["Id"])["State"]["Running"]
    finally:
        engine.api.remove_container(stranger["Id"], force=True)
    assert sweep(engine, environment=environment).networks == 1
    assert environment not in remains(engine)
