"""What fails is held against a control without a deployment, and is recorded with both."""

from __future__ import annotations

import pytest

from harness.plan.steps import Progress
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.against import Against
from harness.verdict import Outcome, Verdict
from suites.raw import select
from suites.selftest.plan.made import trial


def test_a_failure_is_held_against_the_same_check_without_a_deployment_and_nothing_else_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = trial()
    passed, failed, unknown = (
        Verdict("queue", outcome, "as it was") for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN)
    )
    said = {"deployed-2": failed, "healed": failed}
    monkeypatch.setattr(made, "verdict", lambda *_, phase: said[phase])
    step = Against(phase="deployed", control="healed", checks=(CheckCall(check="errors"),))
    step.run(made, Progress(last={"deployed": "deployed-2"}))
    (weakness,) = select(made.history.events, "verdict")
    assert (weakness.phase, weakness.data["outcome"], weakness.data["check"]) == ("deployed-2", "pass", "queue")
    link = weakness.data["link"]
    assert (link["text"], link["expected"]) == ("", "pass")
    assert [part["phase"] for part in link["parts"]] == ["deployed-2"]
    assert [part["phase"] for part in link["against"]] == ["healed"]
    for outcome in (passed, unknown):
        said["deployed-2"] = outcome
        step.run(made, Progress(last={"deployed": "deployed-2"}))
        own = select(made.history.events, "verdict")[-1]
        assert (own.data["outcome"], own.data.get("link"), own.phase) == (str(outcome.outcome), None, "deployed-2")
