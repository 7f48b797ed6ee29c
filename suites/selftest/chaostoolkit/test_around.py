"""What is around activities: controls, the background, rollbacks and faults."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chaoslib.experiment import run_experiment
from chaoslib.types import Strategy
from pydantic import PrivateAttr

from harness.errors import EngineGone, NotMeasured
from harness.plan.plan import Plan
from harness.plan.steps import Progress, Step
from harness.plan.trial import Trial
from harness.signals import Terminated
from harness.verdict import Outcome
from suites.raw import select
from suites.selftest.chaostoolkit import extension
from suites.selftest.chaostoolkit.running import ended, hypothesis, plan_of, plan_of_data, process, python, ran
from suites.selftest.chaostoolkit.server import Asked

AFTER = {"hypothesis": {"strategy": "after-method-only"}}

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


def interrupting(at: str) -> dict[str, Any]:
    module = "suites.selftest.chaostoolkit.interrupting"
    return {"controls": [{"name": "c", "provider": {"type": "python", "module": module, "arguments": {"at": at}}}]}


@pytest.mark.parametrize("strategy", ["default", "always", "never", "deviated"])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("met", hypothesis(python("n", "number", tolerance=3))),
        ("not met before", hypothesis(python("n", "number", tolerance=4))),
        ("could not be run before", hypothesis(python("n", "fails", tolerance=4))),
        (
            "not met, then could not be run",
            hypothesis(python("n", "number", tolerance=4), python("m", "fails", tolerance=4)),
        ),
        ("not met after", {**hypothesis(python("n", "number", tolerance=4)), "runtime": AFTER}),
        ("could not be run after", {**hypothesis(python("n", "fails", tolerance=4)), "runtime": AFTER}),
        ("an action failed", {"method": [python("n", "fails")]}),
        ("interrupted in the method", {"method": [python("n", "text")], **interrupting("activity")}),
        ("interrupted before it began", interrupting("experiment")),
    ],
)  # fmt: skip
def test_rollbacks_are_run_where_the_toolkit_itself_runs_them(
    name: str, data: dict[str, Any], strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {"title": "t", "description": "d", "method": [], **data, "rollbacks": [python("undo", "text")]}
    made, _ = ran(plan_of_data(whole, strategy=strategy), monkeypatch)
    ours = [event.body.name for event in ended(made) if event.body.part == "rollbacks"]
    settings = {"runtime": {"rollbacks": {"strategy": strategy}}}
    when = whole.get("runtime", {}).get("hypothesis", {}).get("strategy", "default")
    journal = run_experiment(deepcopy(whole), settings=settings, strategy=Strategy.from_string(when))
    assert ours == [one["activity"]["name"] for one in journal["rollbacks"]], journal["status"]


def undoing(mark: Path, strategy: str = "always") -> dict[str, Any]:
    return {"rollbacks": [process("undo", "touch", str(mark))], "runtime": {"rollbacks": {"strategy": strategy}}}


@pytest.mark.parametrize(
    "error", [RuntimeError("a bug"), NotMeasured("lost"), EngineGone("gone"), Terminated(), KeyboardInterrupt()]
)
@pytest.mark.parametrize("strategy", ["always", "default"])
def test_rollbacks_of_the_strategy_always_are_run_whatever_ended_the_plan(
    error: BaseException, strategy: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark = tmp_path / "undone"
    found = plan_of_data({"method": [process("x", "true")], **undoing(mark, strategy)})
    (place,) = (number for number, step in enumerate(found.steps) if step.step_name() == "join")
    broken = Broken()
    broken._error = error
    with pytest.raises(type(error)) as caught:
        ran(replace(found, steps=(*found.steps[:place], broken, *found.steps[place:])), monkeypatch)
    assert caught.value is error
    # After a signal the toolkit says `interrupted`; without an engine nobody knows what stands.
    ended_by_force = isinstance(error, EngineGone | Terminated | KeyboardInterrupt)
    assert mark.exists() is (strategy == "always" or not ended_by_force)


class Broken(Step):
    _error: BaseException = PrivateAttr(default=RuntimeError("broken"))

    def title(self) -> str:
        return "break"

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        if isinstance(self._error, EngineGone):
            vars(trial.environment)["check_alive"] = self.run_again  # whoever asks later hears the same
        raise self._error

    def run_again(self, **_: object) -> None:
        raise self._error


def test_a_rollback_does_not_wait_for_the_background_after_a_signal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark, end = tmp_path / "undone", tmp_path / "end"
    waits = process("waits", "sh", "-c", f"until [ -e {end} ]; do sleep 0.05; done", background=True)
    found = plan_of_data({"method": [waits], **undoing(mark)})
    broken = Broken()
    broken._error = KeyboardInterrupt()
    steps = tuple(broken if step.step_name() == "join" else step for step in found.steps)
    try:
        with pytest.raises(KeyboardInterrupt):  # it would never come, if it waited
            ran(replace(found, steps=steps), monkeypatch)
        assert mark.exists()
    finally:
        end.touch()


def test_what_ran_in_the_background_belongs_to_the_method_also_where_the_rollbacks_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = plan_of_data(
        {
            "method": [process("slow", "true", background=True)],
            "rollbacks": [python("undo", "text")],
        }
    )
    found = replace(found, steps=tuple(step for step in found.steps if step.step_name() != "join"))
    made, _ = ran(found, monkeypatch)
    assert [(event.body.part, event.body.name) for event in ended(made)] == [("method", "slow"), ("rollbacks", "undo")]


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
