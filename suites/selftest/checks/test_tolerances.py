"""The check of activities: what has to have run did, and what is not judged is not."""

from __future__ import annotations

from typing import Any

import pytest

from harness.checks import tolerances
from harness.verdict import Outcome
from suites.selftest.checks.builder import Made


def judged(made: Made, *names: str) -> Any:
    return tolerances.check(made.events, phase="p", activities=names)


def test_every_activity_that_had_to_run_did_and_as_often() -> None:
    made = Made().activity("p").activity("p", name="other")
    assert judged(made, "answers", "other").reason == "2 probes are within their tolerances"
    for more in ("third", "answers"):
        found = judged(made, "answers", "other", more)
        assert found.outcome is Outcome.UNKNOWN
        assert found.reason == f"{more} was not run"


@pytest.mark.parametrize(
    ("data", "outcome", "said"),
    [
        ({"within": False, "output": 7}, Outcome.FAIL, "answers gave 7, outside its tolerance 200"),
        ({"within": None, "error": "TypeError: x"}, Outcome.UNKNOWN, "is not known: TypeError: x"),
        ({"within": None}, Outcome.UNKNOWN, "it was not compared"),
        ({"status": "failed", "error": "gone"}, Outcome.UNKNOWN, "answers could not be run: gone"),
        ({"status": None}, Outcome.UNKNOWN, "no reason was given"),
        ({"part": "method", "within": False}, Outcome.PASS, "1 activity ran"),
    ],
)
def test_what_came_of_a_probe_is_what_its_verdict_says(data: dict[str, Any], outcome: Outcome, said: str) -> None:
    found = judged(Made().activity("p", **data), "answers")
    assert found.outcome is outcome
    assert said in found.reason


def test_an_action_that_went_wrong_is_unknown_unless_its_tolerance_says_that_it_may() -> None:
    for kind, status in (("process", 1), ("process", -9), ("http", 400)):
        action: dict[str, Any] = {"type": "action", "name": "act", "provider": {"type": kind}}
        given = {"part": "method", "output": {"status": status}, "within": None}
        found = judged(Made().activity("p", name="act", activity=action, **given), "act")
        assert found.outcome is Outcome.UNKNOWN
        assert "may not have done what it is for" in found.reason
        action["tolerance"] = status
        assert judged(Made().activity("p", name="act", activity=action, **{**given, "within": True}), "act")


def went(provider: Any, output: Any, **data: Any) -> str:
    """What is said of an action of the method that gave this."""
    action = {"type": "action", "name": "act", "provider": provider, **data.pop("activity", {})}
    usual = {"part": "method", "output": output, "within": None}
    return str(judged(Made().activity("p", name="act", activity=action, **{**usual, **data}), "act").reason)


def test_only_a_bad_end_of_a_command_or_a_request_speaks_against_an_action() -> None:
    so = ", so it may not have done what it is for"
    assert went({"type": "process"}, {"status": 3}) == f"act ended with exit code 3{so}"
    assert went({"type": "http"}, {"status": 400}) == f"act was answered with status 400{so}"
    ran = "1 activity ran"
    for provider, output in (
        ({"type": "http"}, {"status": 399}), ({"type": "process"}, {"status": 0}),
        ({"type": "python"}, {"status": 500}),
        ({"type": "http"}, "down"), ({"type": "process"}, {"status": "bad"}), ({"type": "process"}, None),
        ("act", {"status": 500}), (None, {"status": 500}),
    ):  # fmt: skip
        assert went(provider, output) == ran, (provider, output)


def test_a_tolerance_of_an_action_is_its_own_judge() -> None:
    tolerated: dict[str, Any] = {"activity": {"tolerance": 3}}
    assert went({"type": "process"}, {"status": 3}, within=True, **tolerated) == "1 activity ran"
    tolerated = {"activity": {"tolerance": 3}}
    assert went({"type": "process"}, {"status": 4}, within=False, **tolerated) == (
        "act gave status 4, which is not within its tolerance, so it may not have done what it is for"
    )


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ({"status": 1, "stderr": "no such file", "stdout": "x", "body": "y"}, "status 1 (no such file)"),
        ({"status": 1, "stderr": "", "stdout": "half done", "body": "y"}, "status 1 (half done)"),
        ({"status": 500, "body": "oops"}, "status 500 (oops)"),
        ({"status": 500}, "status 500"),
        ({"code": 500}, "{'code': 500}"),
        ("down", "'down'"),
    ],
)
def test_what_a_probe_gave_is_told_by_its_status_and_its_words(output: Any, said: str) -> None:
    made = Made().activity("p", name="other").activity("p", within=False, output=output)
    found = judged(made, "answers", "other")
    assert found.reason == f"answers gave {said}, outside its tolerance 200"
    assert found.evidence == (1,)


def test_one_probe_is_told_in_the_singular() -> None:
    assert judged(Made().activity("p"), "answers").reason == "1 probe is within its tolerance"
    two = Made().activity("p", part="method").activity("p", name="other", part="method")
    assert judged(two, "answers", "other").reason == "2 activities ran"
