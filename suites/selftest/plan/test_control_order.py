"""What is agreed with a control: where it lies, when it is ready, and why it is not, or is no more."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from harness import proc
from harness.clock import ManualClock
from harness.engine import Engine
from harness.errors import NotMeasured
from harness.events import WorkloadStart
from harness.plan.control import shared
from harness.plan.control.order import FAILED, READY, ControlSpec, ControlStatus
from suites.selftest.plan.made import NEW, OLD, tiny_stack

GONE = proc.identity().rpartition("/")[0] + "/1"  # this process's number, and another one's beginning
BODY = WorkloadStart(
    file="samples-h9.bin", format=1, began=1.0, at=0.0, arm="control", key="k", promises=None, requests=["request-1"],
    rate=50.0, timeout=5.0, spec=None,
)  # fmt: skip


def status(holder: str = "") -> ControlStatus:
    return ControlStatus("h9", holder or proc.identity(), 7.5, 3, BODY)


def ended(code: int | None) -> subprocess.Popen[bytes]:
    """A process that has ended so; None for one that runs."""

    class Ended:
        def poll(self) -> int | None:
            return code

    return cast("subprocess.Popen[bytes]", Ended())


def refused(call: object) -> NotMeasured:
    with pytest.raises(NotMeasured) as caught:
        call()  # type: ignore[operator]
    return caught.value


def test_each_stack_release_and_rate_of_a_run_has_a_control_of_its_own(tmp_path: Path) -> None:
    order = ControlSpec(tiny_stack(), OLD, "r", "owner")
    where = order.directory(tmp_path)
    assert where.parent == tmp_path
    assert re.fullmatch("control-[0-9a-f]{8}", where.name)
    assert replace(order, run="other", owner="other").directory(tmp_path) == where, "whoever asks for it"
    stack = order.stack
    harness = stack.harness.model_copy(update={"logs": {}, "servers": {}, "checks": {"x": None}})
    others = (
        replace(order, release=NEW),
        replace(order, rate=5.0),
        replace(order, rate=6.0),
        replace(order, stack=stack.model_copy(update={"file": Path("/other/compose.yaml")})),
        replace(order, stack=stack.model_copy(update={"name": "changed", "harness": harness})),
    )
    assert len({where, *(one.directory(tmp_path) for one in others)}) == 6


def test_what_a_control_says_is_read_as_it_was_said_and_nothing_is_said_before(tmp_path: Path) -> None:
    assert ControlStatus.load(tmp_path) is None
    status().save(tmp_path)
    assert ControlStatus.load(tmp_path) == status()
    (tmp_path / READY).write_text("{")
    error = refused(lambda: ControlStatus.load(tmp_path))
    assert error.where == str(tmp_path / READY)
    assert "truncated" in str(error.got)


def test_a_control_that_is_ready_is_waited_for_no_longer(tmp_path: Path) -> None:
    clock = ManualClock()
    status().save(tmp_path)
    assert shared._wait(tmp_path, ended(None), clock) == status()
    assert shared._wait(tmp_path, None, clock) == status(), "whoever started it"
    (tmp_path / FAILED).write_text("broke later")
    assert shared._wait(tmp_path, ended(1), clock) == status()
    assert clock.monotonic() == 0.0


def test_a_control_that_does_not_come_up_is_waited_for_as_long_as_images_may_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shared.UP_WITHIN == 900.0
    monkeypatch.setattr(shared, "UP_WITHIN", 3.0)
    clock = ManualClock()
    error = refused(lambda: shared._wait(tmp_path, ended(None), clock))
    assert (error.what, error.where) == ("The control did not come up", str(tmp_path))
    assert (error.got, error.detail) == ("it ended without any output", "")
    assert error.hint == "without it, recovery is judged unpaired"
    assert 3.0 <= clock.monotonic() <= 4.0


@pytest.mark.parametrize("how", ["said why", "ended"])
def test_a_control_that_failed_or_ended_is_not_waited_for(tmp_path: Path, how: str) -> None:
    clock = ManualClock()
    if how == "said why":
        (tmp_path / FAILED).write_text("There is no engine\n  where: here\n")
    error = refused(lambda: shared._wait(tmp_path, ended(1 if how == "ended" else None), clock))
    assert clock.monotonic() == 0.0
    assert error.got == ("There is no engine" if how == "said why" else "it ended without any output")


def test_why_it_is_no_more_is_what_it_left_else_the_end_of_its_output(tmp_path: Path) -> None:
    (tmp_path / shared.OUTPUT).write_bytes(b"x" * 30 + b"\n" + b"y" * 1999 + b"\xff\n")
    error = shared._no_more(tmp_path, "What")
    assert error.detail == "y" * 1999 + "\N{REPLACEMENT CHARACTER}", "the last 2000 characters"
    (tmp_path / FAILED).write_text("  first\nsecond  ")
    error = shared._no_more(tmp_path, "What")
    assert (error.what, error.got, error.detail) == ("What", "first", "first\nsecond")


def test_a_control_has_ended_when_its_process_is_gone_or_it_said_so(tmp_path: Path) -> None:
    shared._check(tmp_path, status())
    shared._check(tmp_path, status("elsewhere/1/2/3"))  # nobody can tell from here
    error = refused(lambda: shared._check(tmp_path, status(GONE)))
    assert (error.what, error.where) == ("The control has ended", str(tmp_path))
    (tmp_path / FAILED).write_text("The load of the control ended")
    error = refused(lambda: shared._check(tmp_path, status()))
    assert error.got == "The load of the control ended"


def test_whoever_joins_a_control_that_runs_starts_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Path] = []

    def start(order: ControlSpec, directory: Path) -> subprocess.Popen[bytes]:
        started.append(directory)
        replace(status(), environment=f"{order.release}").save(directory)
        return ended(None)

    monkeypatch.setattr(shared, "_start", start)
    order = ControlSpec(tiny_stack(), OLD, "r", "owner")
    first, second = (shared.join(order, tmp_path, ManualClock()) for _ in range(2))
    assert started == [order.directory(tmp_path)]
    assert (first.environment, second.environment) == (OLD, OLD)
    other = replace(order, release=NEW)
    (other.directory(tmp_path)).mkdir()
    (other.directory(tmp_path) / FAILED).write_text("There is no engine")
    assert refused(lambda: shared.join(other, tmp_path, ManualClock())).got == "There is no engine"
    assert len(started) == 1, "one that failed is not tried again"


def test_a_control_whose_process_ends_at_once_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_start", lambda *_: ended(1))
    clock = ManualClock()
    refused(lambda: shared.join(ControlSpec(tiny_stack(), OLD, "r", "owner"), tmp_path, clock))
    assert clock.monotonic() == 0.0


def test_where_no_control_was_begun_there_is_none_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "connect", lambda: pytest.fail("the engine is not needed"))
    shared.end_all(tmp_path, ManualClock())
