from typing import Any

import pytest

from harness.checks import containers
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import REPLICAS, Made


def judge(made: Made, **params: Any) -> Verdict:
    return containers.check(made.events, phase="deployed", replicas=REPLICAS, **params)


def test_containers_that_run_through_pass() -> None:
    assert judge(Made().containers("baseline").containers("deployed"))


@pytest.mark.parametrize(
    ("action", "words"), [("die", "died"), ("oom", "ran out of memory"), ("restart", "was restarted")]
)
def test_an_end_fails_and_is_named(action: str, words: str) -> None:
    made = Made().add("container", "deployed", replica="backend-2", action=action, exit_code=137).containers("deployed")
    verdict = judge(made)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == f"backend-2 {words} with exit code 137"
    assert judge(made, expected=["backend-2"])


def test_a_container_that_is_not_running_fails_although_no_event_told() -> None:
    assert judge(Made().containers("deployed", status="exited")).outcome is Outcome.FAIL


def test_a_later_start_time_fails_although_no_event_told() -> None:
    verdict = judge(Made().containers("baseline").containers("deployed", started="10:05"))
    assert verdict.outcome is Outcome.FAIL
    assert "started again" in verdict.reason


def test_containers_that_nobody_looked_at_are_unknown() -> None:
    assert judge(Made().containers("baseline")).outcome is Outcome.UNKNOWN
    assert judge(Made().containers("deployed", status=None)).outcome is Outcome.UNKNOWN
