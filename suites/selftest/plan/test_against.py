"""What fails is held against a control without a deployment, and is recorded with both."""

from __future__ import annotations

import pytest

from harness.checks import parts_of
from harness.plan.steps import Progress
from harness.plan.steps._base import phase
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.against import Against
from harness.stack.xharness import CheckSettings
from harness.verdict import Outcome, Verdict
from suites.raw import select
from suites.selftest.plan.made import tiny_stack, trial


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


def test_every_check_is_asked_after_one_that_passed_and_fingerprints_have_the_plans_own_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, asked = trial(), list[tuple[str, str, object]]()

    def ask(check: object, *, phase: str) -> Verdict:
        name, given = parts_of(check)  # type: ignore[arg-type]
        asked.append((name, phase, given.get("baseline", given.get("before"))))
        return Verdict(name, Outcome.FAIL if name == "trace" else Outcome.PASS, "as it was")

    monkeypatch.setattr(made, "verdict", ask)
    checks = (
        CheckCall(check="queue", parameters={"within": 5, "baseline": "usual"}),
        CheckCall(check="trace", parameters={"before": "usual"}),
        CheckCall(check="errors"),
    )
    step = Against(phase="deployed", control="healed", checks=checks)
    step.run(made, Progress(last={"deployed": "deployed-2", "usual": "usual-2", "healed": "healed-2"}))
    assert asked == [
        ("queue", "deployed-2", "usual-2"), ("trace", "deployed", "usual"), ("trace", "healed", "usual"),
        ("errors", "deployed-2", None),
    ]  # fmt: skip
    assert [one.phase for one in select(made.history.events, "verdict")] == ["deployed-2", "deployed", "deployed-2"]


def test_what_is_compared_without_a_deployment_must_be_there_in_both_phases_and_nothing_is_left_of_what_is_off() -> (
    None
):
    step = Against(phase="deployed", control="healed", checks=(CheckCall(check="errors"),))
    assert step.requires() == (phase("deployed"), phase("healed"))
    stack = tiny_stack()
    off = {"errors": CheckSettings(off="another check has them")}
    harness = stack.harness.model_copy(update={"checks": off})
    assert step.adapted(stack) == step
    assert step.adapted(stack.model_copy(update={"harness": harness})) is None
