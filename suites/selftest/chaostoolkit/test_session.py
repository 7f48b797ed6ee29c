"""Activities that are run: what they come to, and what is unknown of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.plan.plan import Plan
from harness.verdict import Outcome
from suites.raw import select
from suites.selftest.chaostoolkit import extension
from suites.selftest.chaostoolkit.running import EXPERIMENTS, ended, plan_of, plan_of_data, process, python, ran
from suites.selftest.chaostoolkit.server import Asked, serving

PASSWORD = "corr3ct-h0rse"


@pytest.fixture
def server() -> Iterator[Asked]:
    with serving() as asked:
        yield asked


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHAOS_WORD", "wonder")
    monkeypatch.setenv("CHAOS_PASSWORD", PASSWORD)
    monkeypatch.setenv("CHAOS_FILE", str(tmp_path / "made"))


def hypothesis(*probes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"steady-state-hypothesis": {"title": "h", "probes": [{**one, "type": "probe"} for one in probes]}, **more}


def http(name: str, url: str, **more: Any) -> dict[str, Any]:
    return {"type": more.pop("type", "action"), "name": name, "provider": {"type": "http", "url": url}, **more}


def provided(**provider: Any) -> dict[str, Any]:
    return {"type": "action", "name": "x", "provider": provider}


@pytest.mark.parametrize("name", sorted(path.name for path in EXPERIMENTS.iterdir() if "rollbacks" not in path.name))
def test_every_experiment_is_run_to_a_pass(name: str, server: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(name, entrypoints=["localhost:8080", "localhost:8443"])
    made, verdict = ran(plan, monkeypatch, port=server.port)
    assert verdict.outcome is Outcome.PASS, verdict
    assert ended(made)
    assert all(event.body.status == "succeeded" for event in ended(made))


def test_every_kind_of_tolerance_is_looked_at_and_none_is_passed_over(
    server: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of("tolerances.yaml")
    data = plan.to_data()
    probes = next(step["probes"] for step in data["steps"] if step["step"] == "hypothesis")
    spoilt = {
        "integer": 4, "text": "shaken", "boolean": False, "between": [4, 9], "one of": [200, 201, 202],
        "pattern": {"type": "regex", "target": "body", "pattern": "moonset"},
        "path": {"type": "jsonpath", "path": "$.items[*].name", "expect": ["a", "c"], "target": "body"},
        "count": {"type": "jsonpath", "path": "$.items[*]", "count": 3, "target": "body"},
        "range": {"type": "range", "range": [3.5, 4]}, "exit code": 1,
        "probe": {"type": "probe", "name": "x", "provider": {
            "type": "python", "module": "suites.selftest.chaostoolkit.extension", "func": "is_even",
            "arguments": {"value": 0}}},
    }  # fmt: skip
    assert set(spoilt) == {one["name"] for one in probes}
    for one in probes:
        if one["name"] == "probe":
            one = {**one, "provider": {**one["provider"], "arguments": {"value": 5}}}  # noqa: PLW2901
        runtime = {"hypothesis": {"strategy": "after-method-only"}}
        bad = plan_of_data(hypothesis({**one, "tolerance": spoilt[one["name"]]}, runtime=runtime))
        made, verdict = ran(bad, monkeypatch, port=server.port)
        assert verdict.outcome is Outcome.FAIL, one["name"]
        assert f"{one['name']} gave " in verdict.reason
        assert ended(made)[0].body.within is False


@pytest.mark.parametrize(
    ("activity", "said"),
    [
        (process("x", "no-such-program"), "cannot be found"),
        (provided(type="process", path="sleep", arguments="5", timeout=0.05), "took too long"),
        (http("x", "http://127.0.0.1:9/"), "failed to connect"),
        (python("x", "fails"), "the fuse is blown"),
        (python("x", "breaks"), "no such thing"),
        (python("x", "exits"), "SystemExit"),
        (python("x", "nothing_like_it"), "does not expose a function"),
        (python("x", "number", arguments={"valeu": 3}), "valeu"),
        (provided(type="python", module="no.such.module", func="x"), "no.such.module"),
    ],
)  # fmt: skip
def test_what_could_not_be_run_is_unknown_and_says_why(
    activity: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for data in ({"method": [activity]}, hypothesis({**activity, "tolerance": 0}), {"rollbacks": [activity]}):
        made, verdict = ran(plan_of_data(data), monkeypatch)
        assert verdict.outcome is Outcome.UNKNOWN, verdict
        assert "x could not be run" in verdict.reason
        assert said in str(ended(made)[0].body.error)


def test_an_action_that_went_wrong_is_unknown_and_a_probe_of_the_method_is_not_judged(
    server: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    for action, said in (
        (process("x", "false"), "ended with exit code 1"),
        (http("x", "http://entrypoint/ill"), "was answered with status 503"),
        (process("x", "false", tolerance=0), "not within its tolerance"),
    ):
        _, verdict = ran(plan_of_data({"method": [action]}), monkeypatch, port=server.port)
        assert verdict.outcome is Outcome.UNKNOWN
        assert said in verdict.reason
    for good in (
        process("x", "false", type="probe"),
        http("x", "http://entrypoint/ill", type="probe", tolerance=200),
        process("x", "false", tolerance=1),
    ):
        assert ran(plan_of_data({"method": [good]}), monkeypatch, port=server.port)[1]


def test_a_tolerance_that_does_not_fit_what_was_given_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = hypothesis(python("x", "text", tolerance=[1, 2]), runtime={"hypothesis": {"strategy": "after-method-only"}})
    _, verdict = ran(plan_of_data(found), monkeypatch)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "whether x is within its tolerance is not known" in verdict.reason


def test_a_hypothesis_that_is_not_met_before_the_method_ends_the_plan_as_unknown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    found = hypothesis(python("four", "number", tolerance=4), method=[process("act", "touch", str(mark))])
    made, verdict = ran(plan_of_data(found), monkeypatch)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "four gave 3" in verdict.reason
    assert not mark.exists()
    assert len(ended(made)) == 1


def test_every_probe_of_a_hypothesis_is_asked_and_a_fail_comes_before_what_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runtime = {"hypothesis": {"strategy": "after-method-only"}}
    probes = [python("a", "fails", tolerance=1), python("b", "number", tolerance=4), python("c", "number", tolerance=3)]
    made, verdict = ran(plan_of_data(hypothesis(*probes, runtime=runtime)), monkeypatch)
    assert verdict.outcome is Outcome.FAIL
    assert [event.body.within for event in ended(made)] == [None, False, True]


# -- values ------------------------------------------------------------------------------------------------------------


def test_secrets_reach_what_asks_for_them_and_never_the_history(
    server: Asked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plan = plan_of("configuration.yaml", entrypoints=["localhost:8080"])
    path = tmp_path / "events.jsonl"
    made, verdict = ran(plan, monkeypatch, port=server.port, path=path)
    assert verdict, verdict
    assert server.requests[0][2]["Authorization"] == f"Bearer {PASSWORD}"
    outputs = {event.body.name: event.body.output for event in ended(made)}
    assert outputs["prints"]["stdout"].startswith("the password is hidden:")
    assert set(outputs["tells"]) == {"password"}
    assert PASSWORD not in path.read_text()
    assert PASSWORD not in plan.to_yaml()


def test_a_variable_that_is_not_set_is_told_before_anything_is_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("CHAOS_WORD", "CHAOS_PASSWORD"):
        with monkeypatch.context() as patch:
            patch.delenv(name)
            with pytest.raises(UsageError, match="configuration cannot be loaded") as caught:
                ran(plan_of("configuration.yaml"), patch)
            assert name in str(caught.value)
    found = {"configuration": {"x": {"type": "probe", **process("p", "false", type="probe")}}}
    with pytest.raises(UsageError, match="gave nothing"):
        ran(plan_of_data(found), monkeypatch)


def test_a_url_from_a_variable_leads_nowhere_else(server: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    activity = http("x", "${base}/", type="probe")
    for base, status in (
        ("http://example.com", "failed"),
        ("ftp://entrypoint", "failed"),
        ("http://entrypoint", "succeeded"),
    ):
        found = plan_of_data({"configuration": {"base": base}, "method": [activity]})
        made, _ = ran(found, monkeypatch, port=server.port)
        assert ended(made)[0].body.status == status, base
    assert len(server.requests) == 1


# -- what is around them -----------------------------------------------------------------------------------------------


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
