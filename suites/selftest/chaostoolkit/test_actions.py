"""What an exported experiment calls: a run that is seen through its history, and never taken for more than it was."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chaoslib.exceptions import ActivityFailed

from harness.chaostoolkit import actions
from harness.history import read
from suites.selftest.chaostoolkit.running import plan_of_data, process

PLAN = plan_of_data({"method": [process("act", "true")]}).to_data()
# In the harness's place: writes a history of two steps, says something, and ends as it is told.
FAKE = """
import sys, time
from pathlib import Path
from harness.events import PlanStepEnd, PlanStepStart, RunEnd, VerdictGiven
from harness.history import History
out = Path(sys.argv[sys.argv.index("--out") + 1])
history = History(out / "run-1" / "events.jsonl")
(out / "latest").symlink_to("run-1")
how = sys.argv[1]
for number in (1, 2):
    with history.scope(plan_step=number):
        history.record(PlanStepStart(number, "activity", f"do {number}", "p", False))
        if number == 2 and how != "pass":
            history.record(VerdictGiven("tolerances", how, "it is bad", [], "", None), phase="p")
        if number == 2 and how == "killed":
            print("Killed: out of memory")
            sys.exit(137)
        if number == 2 and how == "hangs":
            time.sleep(600)
        history.record(PlanStepEnd(number, not (number == 2 and how == "unknown")))
code = {"pass": 0, "fail": 1, "unknown": 2, "lies": 0}[how]
history.end(RunEnd("fail" if how == "lies" else how, "because", 1 if how == "lies" else code))
sys.exit(code)
"""


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(actions, "_running", None)
    yield
    actions.stop_plan()


def start(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    script = tmp_path / "fake.py"
    script.write_text(FAKE)
    monkeypatch.setattr(actions, "HARNESS", (sys.executable, str(script), how))
    return actions.start_plan(PLAN, "compose.yaml", str(tmp_path / "runs"))


def test_a_run_that_passes_is_seen_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = start("pass", tmp_path, monkeypatch)
    assert json.loads((Path(said["directory"]) / "plan.json").read_text()) == PLAN
    assert actions.wait_for_step(1) == {"step": 1, "title": "do 1", "verdicts": []}
    assert actions.wait_for_step(2)["title"] == "do 2"
    assert actions.outcome() == 0
    assert actions.stop_plan() == "the run was over"


def test_a_run_that_fails_has_its_exit_code_and_its_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start("fail", tmp_path, monkeypatch)
    assert actions.wait_for_step(2)["verdicts"] == [
        {"check": "tolerances", "phase": "p", "outcome": "fail", "reason": "it is bad"}
    ]
    assert actions.outcome() == 1


def test_what_is_not_known_fails_the_activity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start("unknown", tmp_path, monkeypatch)
    with pytest.raises(ActivityFailed, match="step 2 ended the plan: tolerances: it is bad"):
        actions.wait_for_step(2)
    with pytest.raises(ActivityFailed, match="step 3 was not run: because"):
        actions.wait_for_step(3)
    with pytest.raises(ActivityFailed, match="exit code 2, so nothing is known: because"):
        actions.outcome()


def test_a_run_that_was_killed_is_no_pass_and_its_last_words_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start("killed", tmp_path, monkeypatch)
    assert actions.wait_for_step(1)
    with pytest.raises(ActivityFailed, match="out of memory"):
        actions.wait_for_step(2)
    with pytest.raises(ActivityFailed, match="exit code 137"):
        actions.outcome()


def test_an_exit_code_that_the_history_does_not_bear_out_is_no_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start("lies", tmp_path, monkeypatch)
    with pytest.raises(ActivityFailed, match="nothing is known"):
        actions.outcome()


def test_a_run_that_goes_on_is_ended_by_the_rollback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = start("hangs", tmp_path, monkeypatch)
    actions.wait_for_step(1)
    with pytest.raises(ActivityFailed, match="a plan runs already"):
        actions.start_plan(PLAN, "compose.yaml", str(tmp_path))
    assert actions.stop_plan() == "the run was ended"
    assert read(Path(said["directory"]) / "run-1" / "events.jsonl")
    with pytest.raises(ActivityFailed, match="nothing is known"):
        actions.outcome()


def test_nothing_can_be_asked_before_a_plan_was_started() -> None:
    for asked in (lambda: actions.wait_for_step(1), actions.outcome):
        with pytest.raises(ActivityFailed, match="start_plan comes first"):
            asked()
    assert actions.stop_plan() == "no plan was started"
