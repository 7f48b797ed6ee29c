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
