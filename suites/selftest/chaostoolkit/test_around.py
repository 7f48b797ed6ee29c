"""What is around activities: controls, the background, rollbacks and faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.plan.plan import Plan
from harness.verdict import Outcome
from suites.raw import select
from suites.selftest.chaostoolkit import extension
from suites.selftest.chaostoolkit.running import ended, hypothesis, plan_of, plan_of_data, process, python, ran
from suites.selftest.chaostoolkit.server import Asked

pytestmark = pytest.mark.usefixtures("variables")


def test_controls_are_called_around_everything_as_the_toolkit_does(monkeypatch: pytest.MonkeyPatch) -> None:
    extension.seen.clear()
    _, verdict = ran(plan_of("controls.json"), monkeypatch)
    assert verdict, verdict
    probe = ["before hypothesis", "before probe", "after probe, succeeded", "after hypothesis, met True"]
    assert extension.seen == [
        "configured log", "before experiment", *probe,
        "before method", "before act", "after act, succeeded", "after method, 1 runs", *probe,
        "before rollback", "before undo", "after undo, succeeded", "after rollback, 1 runs",
        "after experiment, deviated False", "cleaned up",
    ]  # fmt: skip


@pytest.mark.parametrize("where", ["before_experiment_control", "before_hypothesis_control", "before_activity_control"])
def test_a_control_that_interrupts_ends_the_plan_as_unknown(
    where: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    monkeypatch.setattr(extension, where, interrupt)
    controls = [{"name": "c", "provider": {"type": "python", "module": extension.__name__}}]
    probe = python("three", "number", tolerance=3)
    found = hypothesis(probe, controls=controls, method=[process("act", "touch", str(mark))])
    made, verdict = ran(plan_of_data(found), monkeypatch)
    assert verdict.outcome is Outcome.UNKNOWN, verdict
    assert "interrupted: enough" in verdict.reason
    assert not mark.exists()
    assert "steps are left out" in select(made.history.events, "note")[-1].data["text"]


def interrupt(context: dict[str, Any], **_: Any) -> None:
    extension.interrupts()


def test_a_background_activity_is_judged_where_the_method_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made, verdict = ran(plan_of("background.json"), monkeypatch)
    assert verdict, verdict
    names = [event.body.name for event in ended(made)]
    assert names == ["makes the file", "waits in the background"]  # one after the other the first would never end
    failing = plan_of_data({"method": [process("x", "false", background=True)]})
    made, verdict = ran(failing, monkeypatch)
    assert verdict.outcome is Outcome.UNKNOWN
    assert [event.phase for event in ended(made)] == ["method-1-x"]


def without_join(plan: Plan) -> Plan:
    return Plan(
        plan.name, plan.title, plan.old, plan.new, tuple(one for one in plan.steps if one.step_name() != "join")
    )


def test_a_background_activity_is_judged_at_the_end_of_a_plan_that_does_not_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = without_join(plan_of_data({"method": [process("x", "false", background=True)]}))
    made, verdict = ran(plan, monkeypatch)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "x ended with exit code 1" in verdict.reason
    assert [event.phase for event in ended(made)] == ["method-1-x"]


@pytest.mark.parametrize(
    ("strategy", "tolerance", "undone"),
    [
        ("always", 4, True), ("always", 3, True), ("never", 4, False), ("deviated", 4, True), ("deviated", 3, False),
        ("default", 4, True), ("default", 3, True),
    ],
)  # fmt: skip
def test_rollbacks_are_run_by_their_strategy(
    strategy: str, tolerance: int, undone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = {"hypothesis": {"strategy": "after-method-only"}, "rollbacks": {"strategy": strategy}}
    probe = python("n", "number", tolerance=tolerance)
    made, verdict = ran(
        plan_of_data(hypothesis(probe, runtime=runtime, rollbacks=[process("undo", "true")])), monkeypatch
    )
    assert verdict.outcome is (Outcome.PASS if tolerance == 3 else Outcome.FAIL)
    assert [event.body.name for event in ended(made) if event.body.part == "rollbacks"] == ["undo"] * undone


def test_rollbacks_of_the_strategy_always_are_run_after_a_plan_that_ended_early_or_broke(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark = tmp_path / "undone"
    rest = {"rollbacks": [process("undo", "touch", str(mark))], "runtime": {"rollbacks": {"strategy": "always"}}}
    _, verdict = ran(plan_of_data(hypothesis(python("four", "number", tolerance=4), **rest)), monkeypatch)
    assert verdict.outcome is Outcome.UNKNOWN
    assert mark.exists()
    mark.unlink()
    monkeypatch.setattr("harness.plan.steps.activity.Activity.run", broken)
    with pytest.raises(RuntimeError, match="broken"):
        ran(plan_of_data({"method": [process("x", "true")], **rest}), monkeypatch)
    assert mark.exists()


def broken(*_: object) -> None:
    raise RuntimeError("broken")


def test_faults_are_on_while_the_method_lasts_and_gone_with_the_rollbacks(
    server: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, verdict = ran(plan_of("toxiproxy.json"), monkeypatch, port=server.port)
    assert verdict, verdict
    noted = [event.data["text"] for event in select(made.history.events, "note")]
    assert noted == [
        "latency on", "held 2 s", "latency off", "bandwidth on", "down on", "down off", "bandwidth off",
    ]  # fmt: skip


def test_a_long_output_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    made, verdict = ran(plan_of_data({"method": [python("x", "text", arguments={"word": "y" * 9000})]}), monkeypatch)
    assert verdict
    assert ended(made)[0].body.output.endswith("... (5000 characters more)")
