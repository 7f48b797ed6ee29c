"""Activities that are run: what they come to, and what is unknown of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.verdict import Outcome
from suites.selftest.chaostoolkit.conftest import PASSWORD
from suites.selftest.chaostoolkit.running import (
    EXPERIMENTS,
    ended,
    hypothesis,
    plan_of,
    plan_of_data,
    process,
    python,
    ran,
)
from suites.selftest.chaostoolkit.server import Asked

pytestmark = pytest.mark.usefixtures("variables")


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
