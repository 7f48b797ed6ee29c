"""One plan in a process of its own, and what came of it. Nothing here needs a container engine."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

import pytest

from fixtures import tiny
from harness.errors import HarnessError
from harness.events import RunEnd, RunError, VerdictGiven
from harness.history import EVENTS, History
from harness.plan import plan_process
from harness.plan.plan_process import RUNS, PlanOrder, PlanProcess, result
from harness.plan.steps.load import Load
from harness.verdict import Outcome
from suites.selftest.plan.made import plan_of

WAITS = "import sys, time; print('up', file=sys.stderr, flush=True); time.sleep(600)"
DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); " + WAITS


def order(stack: Path = tiny.STACK, limit: float = 60.0) -> PlanOrder:
    return PlanOrder(plan_of(Load()), stack, limit=limit)


def written(directory: Path, *outcomes: str, error: str = "", end: bool = True, name: str = "r1") -> Path:
    """A run's directory whose history has a verdict of each outcome, and ends with the last."""
    history = History(directory / RUNS / name / EVENTS)
    for outcome in outcomes:
        history.record(VerdictGiven("release", outcome, "web-1 runs 1.1.0", (), "", None), phase="rolled-back")
    if error:
        history.record(RunError(error, error, 3))
    if end:
        history.end(RunEnd(outcomes[-1], "release: web-1 runs 1.1.0", 1))
    history.close()
    return directory


def test_a_run_that_passed_has_no_signature(tmp_path: Path) -> None:
    found = result(written(tmp_path, "pass"), 0, 2.0)
    assert (found.outcome, found.signature, found.directory) == (Outcome.PASS, None, tmp_path / RUNS / "r1")
    assert found.seconds == 2.0


def test_a_run_that_failed_has_its_signature(tmp_path: Path) -> None:
    found = result(written(tmp_path, "fail"), 1, 2.0)
    assert found.outcome is Outcome.FAIL
    assert found.signature is not None
    assert found.signature.check == "release"
    assert "web-1 runs 1.1.0" in found.reason


def test_a_process_that_made_no_run_is_unknown_and_its_words_are_the_reason(tmp_path: Path) -> None:
    (tmp_path / "err").write_text("\nThe stack is gone\n  more\n")
    found = result(tmp_path, 4, 1.0)
    assert (found.outcome, found.signature, found.directory) == (Outcome.UNKNOWN, None, None)
    assert found.reason == "The stack is gone"


def test_a_process_that_said_nothing_is_unknown_with_its_signal(tmp_path: Path) -> None:
    assert result(tmp_path, -9, 1.0).reason == "there is no verdict: the process made no run, and was ended by signal 9"


def test_a_run_without_an_end_is_unknown_even_if_a_check_failed(tmp_path: Path) -> None:
    found = result(written(tmp_path, "fail", end=False), -9, 1.0)
    assert (found.outcome, found.signature) == (Outcome.UNKNOWN, None)
    assert "did not come to its end (was ended by signal 9)" in found.reason


def test_a_run_that_an_error_ended_is_unknown_even_if_a_check_failed(tmp_path: Path) -> None:
    found = result(written(tmp_path, "fail", error="the engine is gone"), 3, 1.0)
    assert (found.outcome, found.signature, found.reason) == (Outcome.UNKNOWN, None, "the engine is gone")


@pytest.mark.parametrize(("outcome", "exit_code"), [("pass", 1), ("fail", 0), ("pass", -9), ("maybe", 0)])
def test_a_history_and_a_process_that_contradict_each_other_are_unknown(
    outcome: str, exit_code: int, tmp_path: Path
) -> None:
    found = result(written(tmp_path, outcome), exit_code, 1.0)
    assert (found.outcome, found.signature) == (Outcome.UNKNOWN, None)


def test_a_run_that_failed_without_a_failed_check_is_unknown(tmp_path: Path) -> None:
    history = History(tmp_path / RUNS / "r1" / EVENTS)
    history.end(RunEnd("fail", "because", 1))
    history.close()
    assert result(tmp_path, 1, 1.0).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "harm", [b"{torn", b"\x00\xff\n", b'{"v": 99, "id": 0, "t": 0, "s": 0, "kind": "x", "data": {}}\n']
)
def test_a_damaged_or_newer_history_is_unknown(harm: bytes, tmp_path: Path) -> None:
    file = written(tmp_path, "fail") / RUNS / "r1" / EVENTS
    file.write_bytes(harm)
    assert result(tmp_path, 1, 1.0).outcome is Outcome.UNKNOWN


def test_a_history_that_was_changed_after_its_end_is_unknown(tmp_path: Path) -> None:
    file = written(tmp_path, "pass", "fail") / RUNS / "r1" / EVENTS
    file.write_bytes(file.read_bytes().replace(b"1.1.0", b"1.0.0", 1))
    assert result(tmp_path, 1, 1.0).outcome is Outcome.UNKNOWN


def test_two_runs_in_one_directory_are_not_guessed_between(tmp_path: Path) -> None:
    written(tmp_path, "pass", name="r1")
    written(tmp_path, "fail", name="r2")
    assert result(tmp_path, 0, 1.0).outcome is Outcome.UNKNOWN


def test_one_that_was_ended_from_outside_is_unknown_whatever_its_history_says(tmp_path: Path) -> None:
    found = result(written(tmp_path, "pass"), 0, 1.0, ended="it was stopped")
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, "it was stopped")


def test_a_plan_on_a_stack_that_is_not_there_is_unknown_with_the_mistake(tmp_path: Path) -> None:
    found = PlanProcess(order(tmp_path / "none.yaml"), tmp_path / "p").wait()
    assert (found.outcome, found.directory) == (Outcome.UNKNOWN, None)
    assert "does not exist" in found.reason


def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, limit: float = 60.0) -> PlanProcess:
    """A process that runs a program in the place of the plan, and is up."""
    monkeypatch.setattr(plan_process, "_command", lambda *_: [sys.executable, "-c", program])
    process = PlanProcess(order(limit=limit), tmp_path / "p")
    up = threading.Event()
    while not up.wait(0.02):
        if (tmp_path / "p" / "err").read_text():
            up.set()
    return process


def test_one_that_is_stopped_hears_it_as_ctrl_c(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    process = started(monkeypatch, tmp_path, WAITS)
    process.stop()
    found = process.wait()
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, "it was stopped")
    assert "KeyboardInterrupt" in (tmp_path / "p" / "err").read_text()


def test_one_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(plan_process, "ENDS_WITHIN", 0.2)
    process = started(monkeypatch, tmp_path, DEAF)
    process.stop()
    assert process.wait().reason == "it was stopped"


def test_one_that_is_killed_is_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    process = started(monkeypatch, tmp_path, DEAF)
    process.kill()
    assert process.wait().reason == "it was killed"
    process.kill()  # once more does no harm


def test_one_that_takes_too_long_is_stopped_and_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    process = started(monkeypatch, tmp_path, WAITS, limit=0.3)
    found = process.wait()
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, "it did not end within 0.3 s, and was stopped")


def test_where_ctrl_c_is_ignored_it_is_told_by_another_signal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = started(monkeypatch, tmp_path, WAITS)
        process.stop()
        assert process.wait().reason == "it was stopped"
    finally:
        signal.signal(signal.SIGINT, before)
    assert "KeyboardInterrupt" not in (tmp_path / "p" / "err").read_text()


def test_what_it_writes_is_for_its_owner_only(tmp_path: Path) -> None:
    PlanProcess(order(tmp_path / "none.yaml"), tmp_path / "deep" / "p").wait()
    made = [tmp_path / "deep", tmp_path / "deep" / "p", *(tmp_path / "deep" / "p").iterdir()]
    assert [oct(one.stat().st_mode & 0o077) for one in made] == ["0o0"] * len(made)


def test_a_directory_that_cannot_be_written_is_a_mistake_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HarnessError, match="cannot be written") as caught:
        PlanProcess(order(), tmp_path / "file" / "p")
    assert caught.value.where == str(tmp_path / "file" / "p")
