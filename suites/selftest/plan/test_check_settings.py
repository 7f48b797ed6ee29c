"""`x-harness: checks`: thresholds of a check, and checks that are switched off with a reason."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from pydantic import ValidationError

from fixtures import tiny
from harness.checks import errors, queue
from harness.errors import HarnessError, UsageError
from harness.plan.gate import Gate
from harness.plan.runner import run
from harness.plan.steps import Progress
from harness.plan.steps._check_call import CheckCall
from harness.stack import Stack, load
from suites.raw import select
from suites.selftest.plan.made import NEW, OLD, plan_of, trial


def stack(directory: Path, checks: str) -> Stack:
    override = directory / "checks.yaml"
    override.write_text(f"x-harness:\n  checks:\n    {checks}\n")
    return load(tiny.STACK, [override], environ={})


def printed(made: Stack) -> str:
    return "\n".join("\n".join(plan.lines()) for plan in Gate(made, OLD, NEW).plans())


def test_a_threshold_takes_the_place_of_the_gates_own(tmp_path: Path) -> None:
    plain, tuned = printed(stack(tmp_path, "errors: {budget: 0.2}")), printed(stack(tmp_path, "queue: {slack: 50}"))
    assert "check release" in plain
    assert "errors (budget 0.2)" in plain
    assert "slack 50)" in tuned
    assert "slack 5)" not in tuned


def test_a_check_that_is_switched_off_is_left_out_and_told_with_its_reason(tmp_path: Path) -> None:
    said = printed(stack(tmp_path, 'trace: {off: "it writes a cache"}'))
    assert "check trace" not in said
    assert "not checked: trace (it writes a cache)" in said
    assert "check second-deployment" in said


def test_a_run_says_what_it_does_not_check() -> None:
    made = trial()
    run(plan_of(not_checked={"trace": "it writes a cache"}), made)
    assert [event.data["text"] for event in select(made.history.events, "note")] == [
        "not checked: trace: it writes a cache"
    ]


def test_an_assertion_takes_the_threshold_too(tmp_path: Path) -> None:
    made = trial(stack(tmp_path, "errors: {budget: 0.2}"))
    verdict = made.verdict(errors.check, phase="p")
    assert verdict.parameters is not None
    assert verdict.parameters["budget"] == 0.2
    assert made.verdict(partial(errors.check, budget=0.1), phase="p").parameters == {
        **verdict.parameters,
        "budget": 0.1,
    }


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ("trase: {off: because}", ("There is no such check", "x-harness.checks.trase", "did you mean trace?")),
        ("errors: {bugdet: 0.1}", ("The check errors does not take this", "bugdet", "no parameter but ")),
        ("errors: {budget: much}", ("The check errors does not take this", "budget: ")),
    ],
)
def test_what_no_check_takes_is_refused_before_anything_is_brought_up(
    checks: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        Gate(stack(tmp_path, checks), OLD, NEW).plans()
    assert [word for word in words if word not in str(caught.value)] == [], caught.value


@pytest.mark.parametrize(
    "checks", ["errors: {}", "errors: 5", "errors: {off: because, budget: 0.1}", "errors: {off: 7}"]
)
def test_what_is_no_setting_is_refused_with_its_line(checks: str, tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"checks\.yaml, line 3"):
        stack(tmp_path, checks)


def test_a_misspelt_parameter_is_an_error_of_types_and_refused_before_anything_runs() -> None:
    with pytest.raises(ValidationError, match="no parameter but within"):
        CheckCall.of(partial(queue.check, whithin=3.0))  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="within: input should be a valid number"):
        CheckCall.of(partial(queue.check, within="soon"))  # type: ignore[arg-type]
    assert CheckCall.of(partial(queue.check, within=3.0)).parameters == {"within": 3.0}


def test_a_phase_that_was_measured_again_is_compared_under_its_last_name_but_for_fingerprints() -> None:
    progress = Progress(last={"deployed": "deployed-2", "30": "never"})
    asked = CheckCall(check="queue", parameters={"baseline": "deployed", "within": 30})
    assert asked.given(progress) == {"baseline": "deployed-2", "within": 30}
    other = CheckCall(check="queue", parameters={"baseline": "other", "within": 5})
    assert other.given(progress) == {"baseline": "other", "within": 5}
    for name in ("trace", "second-deployment"):
        assert CheckCall(check=name, parameters={"before": "deployed"}).given(progress) == {"before": "deployed"}
