"""The control: one for a run, in a process of its own, its samples in the history of whoever compares with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from harness import proc
from harness.engine import Engine
from harness.engine.labels import ENVIRONMENT
from harness.engine.labels import RUN as RUN_LABEL
from harness.errors import NotMeasured
from harness.history import History
from harness.plan.control import ControlSpec, SharedControl, end_all, join
from harness.plan.control.order import HOLDER, READY, ControlStatus
from harness.samples import read
from harness.waiting import poll
from suites.leftovers import networks_left
from suites.raw import raw
from suites.selftest.plan.made import OLD, tiny_stack

pytestmark = pytest.mark.containers


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    end_all(tmp_path)


def order(owner: str | None = None) -> ControlSpec:
    return ControlSpec(tiny_stack(), OLD, "test-control", owner or proc.identity())


def ready(run: Path) -> ControlStatus:
    (found,) = (ControlStatus.load(path.parent) for path in run.glob(f"control-*/{READY}"))
    assert found is not None
    return found


def gone(engine: Engine, environment: str) -> bool:
    """Nothing of it is left on the engine."""
    label = f"{ENVIRONMENT}={environment}"
    return not engine.containers.list([label]) and not networks_left(engine, label)


def until(done: Callable[[], bool], seconds: float = 30.0) -> bool:
    return bool(poll(done, within=seconds, every=0.1))


def test_what_it_measures_is_brought_into_the_history_of_the_subject(run: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:  # as two workers of one run would
        first, second = pool.map(lambda _: join(order(), run), range(2))
    assert first.environment == second.environment
    history = History(tmp_path / "test" / "events.jsonl")
    joined = history.record(raw("note", text="joined")).since_start
    first.follow(history)

    def samples() -> int:
        first.bring()
        return sum(len(one.records) for one in read(tmp_path / "test", history.events).of(first.environment, "control"))

    assert until(lambda: samples() >= 30), "thirty requests a second are sent"
    (stream,) = read(tmp_path / "test", history.events).of(first.environment, "control")
    assert (stream.records["outcome"] == 200).all()
    times = stream.at + stream.records["intended"]
    now = history.record(raw("note", text="brought")).since_start
    assert joined - 1.0 <= times.min() <= times.max() <= now, "they lie on the subject's axis, from when it joined"
    assert set(stream.servers.values()) <= {""}, "the tiny stack does not say who answers"


def test_it_ends_with_the_run_and_leaves_nothing(harness_engine: Engine, run: Path) -> None:
    control = join(order(), run)
    end_all(run)
    assert proc.is_alive(ready(run).holder) is False
    assert gone(harness_engine, control.environment)
    with pytest.raises(NotMeasured, match="has ended"):
        join(order(), run)


def test_one_that_is_still_coming_up_is_ended_too(harness_engine: Engine, run: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        early = replace(order(), run="test-control-early")
        joined = pool.submit(join, early, run)
        assert until(lambda: any(run.glob(f"control-*/{HOLDER}")))
        end_all(run)
        with pytest.raises(NotMeasured):
            joined.result()
    (holder,) = (path.read_text() for path in run.glob(f"control-*/{HOLDER}"))
    assert proc.is_alive(holder) is False
    left = harness_engine.api.containers(all=True, filters={"label": RUN_LABEL + "=test-control-early"})
    assert left == []


def test_it_ends_with_its_owner_also_when_that_is_killed(harness_engine: Engine, run: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    control = join(order(proc.identity(owner.pid)), run)
    owner.kill()
    owner.wait()
    assert until(lambda: proc.is_alive(ready(run).holder) is False)
    assert gone(harness_engine, control.environment)


def test_one_that_breaks_is_told_to_whoever_compares_with_it(run: Path, tmp_path: Path) -> None:
    control = join(order(), run)
    control.follow(History(tmp_path / "test" / "events.jsonl"))
    os.kill(int(ready(run).holder.split("/")[-2]), signal.SIGKILL)
    assert until(lambda: proc.is_alive(ready(run).holder) is False)
    with pytest.raises(NotMeasured, match="The control has ended"):
        control.bring()


def test_what_one_that_was_killed_leaves_is_removed_at_the_end_of_the_run(harness_engine: Engine, run: Path) -> None:
    control = join(replace(order(), run=run.name), run)
    os.kill(int(ready(run).holder.split("/")[-2]), signal.SIGKILL)
    assert until(lambda: proc.is_alive(ready(run).holder) is False)
    assert not gone(harness_engine, control.environment)
    end_all(run)
    assert gone(harness_engine, control.environment)


def test_one_that_cannot_come_up_says_why(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(NotMeasured, match="did not come up") as caught:
        join(order(), run)
    assert "/nowhere/docker.sock" in str(caught.value)


def test_a_history_without_a_file_gets_no_samples(run: Path) -> None:
    control, history = join(order(), run), History()
    assert isinstance(control, SharedControl)
    control.follow(history)
    control.bring()
    assert history.events == ()
