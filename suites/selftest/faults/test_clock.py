"""A replica whose clock is wrong by libfaketime: ahead, behind, or jumping; its own process sees it, and no other."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import faults
from harness.engine import Engine
from harness.faults.injection import Faults
from harness.faults.process.clock import jumping
from harness.history import History
from harness.plan.cases import possible
from harness.plan.run_id import new_run_id
from harness.plan.subject import Subject
from harness.stack import load
from harness.waiting import poll

STACK = Path(__file__).parent / "stacks" / "clocked.yaml"
ASK = "import urllib.request as r; print(r.urlopen('http://{}:8080/', timeout=5).read().decode())"
SLACK = 30.0  # s: a machine may stand still, and an hour is far more


@pytest.fixture(scope="module")
def clocked(harness_engine: Engine, request: pytest.FixtureRequest) -> Iterator[Subject]:
    history = History()
    environment = Subject(harness_engine, load(STACK), "1", history, run=new_run_id(), test=request.node.nodeid, seed=1)
    with history.scope(environment=environment.id), environment:
        yield environment


def off(environment: Subject, replica: str) -> float:
    """By how many seconds the process of a replica is ahead."""
    said = environment.replica("peer-1").run(["python3", "-c", ASK.format(replica)], timeout=20)
    assert said.exit_code == 0, said.stderr
    return float(said.stdout.split()[0]) - time.time()


@pytest.mark.containers
@pytest.mark.xdist_group("a clock that is wrong")
@pytest.mark.parametrize("seconds", [3600, -3600])
def test_the_process_of_one_replica_is_ahead_or_behind_and_then_right(clocked: Subject, seconds: int) -> None:
    with Faults(clocked).step({"fault": "process.clock", "on": "clock-1", "seconds": seconds}) as on:
        assert on.evidence().bit is False, "nobody has talked to it"
        assert abs(off(clocked, "clock-1") - seconds) < SLACK
        assert abs(off(clocked, "clock-2")) < SLACK
        assert on.bites(within=20).figures["clock-1"]["bytes"]
    assert on.proven
    assert abs(off(clocked, "clock-1")) < SLACK


@pytest.mark.containers
@pytest.mark.xdist_group("a clock that is wrong")
def test_a_clock_that_jumps_is_seen_at_both_times_and_then_at_one(clocked: Subject) -> None:
    step = {"fault": "process.clock", "on": "clock-2", "seconds": 3600, "every": 0.3}
    seen: set[bool] = set()

    def both() -> bool:
        seen.add(off(clocked, "clock-2") > SLACK)
        return len(seen) == 2

    with Faults(clocked).step(step) as on:
        assert poll(both, within=30.0, every=0.05)
        jumps = on.bites(within=20).figures["clock-2"]["jumps"]
        assert jumps is not None
        assert jumps >= 2
    assert on.proven
    assert abs(off(clocked, "clock-2")) < SLACK
    assert clocked.replica("clock-2").run("ls -A /tmp | grep rollback || echo none").stdout.strip() == "none"


def test_a_stack_with_libfaketime_is_gated_under_a_clock_that_is_wrong() -> None:
    found = possible(load(STACK))["process.clock"]
    assert found == {"on": "one of clock", "seconds": 3600}
    assert faults.from_data({"fault": "process.clock", **found}).title() == "clock off by +3600 s of one of clock"


@pytest.mark.programs
def test_what_jumps_goes_to_and_fro_and_counts(tmp_path: Path) -> None:
    file, own = tmp_path / "clock", tmp_path / "own"
    text = jumping(str(file), "+60", 0.05, str(own))
    with subprocess.Popen(["/bin/sh", "-c", text], start_new_session=True) as process:
        seen: set[str] = set()

        def both() -> bool:
            seen.add(file.read_text().strip() if file.exists() else "")
            return {"+60", "+0"} <= seen

        try:
            assert poll(both, within=20.0, every=0.01)
            counted = tmp_path / "own.jumps"
            assert poll(lambda: int(counted.read_text() or 0) >= 2, within=20.0, every=0.01)
            assert int(own.read_text()) == process.pid, "so its whole group can be ended"
        finally:
            os.killpg(process.pid, signal.SIGKILL)
        assert process.wait(20) == -signal.SIGKILL
