from typing import Any

from harness.checks import errors
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import Made


def judge(budget: float = 0.0, **data: Any) -> Verdict:
    return errors.check(Made().load("deployed", **data).events, phase="deployed", budget=budget)


def test_no_failures_pass() -> None:
    assert judge().reason == "0 of 500 requests failed"


def test_failures_over_the_budget_fail_with_their_reasons() -> None:
    verdict = judge(0.01, ok=490, failed=10, errors={"status 503": 9, "timeout": 1})
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "10 of 500 requests failed (2 %), budget 1 % (9 x status 503, 1 x timeout)"


def test_failures_within_the_budget_pass() -> None:
    assert judge(0.02, ok=490, failed=10)


def test_what_was_shed_counts_as_failed() -> None:
    assert judge(0.0, sent=480, ok=480, shed=20).outcome is Outcome.FAIL


def test_a_rate_that_was_not_reached_is_unknown() -> None:
    verdict = judge(sent=400, ok=400)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "only 80 % of the requests" in verdict.reason


def test_too_few_requests_are_unknown() -> None:
    assert judge(intended=5, sent=5, ok=5).outcome is Outcome.UNKNOWN


def test_no_workload_is_unknown() -> None:
    assert errors.check(Made().load("baseline").events, phase="deployed").outcome is Outcome.UNKNOWN


def test_every_window_of_the_phase_counts() -> None:
    made = Made().load("deployed", ok=400, failed=100).load("deployed")
    assert errors.check(made.events, phase="deployed").outcome is Outcome.FAIL
