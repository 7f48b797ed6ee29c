from typing import Any

import numpy as np

from harness.checks import errors
from harness.verdict import Outcome, Verdict
from suites.raw import raw
from suites.selftest.checks.builder import Made
from suites.selftest.checks.witnessed import Requests


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


def test_failures_rest_on_the_windows_of_the_phase() -> None:
    made = Made().load("baseline").load("deployed", ok=490, failed=10)
    found = errors.check(made.events, phase="deployed")
    assert (found.outcome, found.evidence) == (Outcome.FAIL, (1,))


def test_failures_that_a_stall_explains_prove_nothing_where_the_rest_is_within_the_budget() -> None:
    """The machine stood still from second 62 to 64, and the phase has 500 requests."""
    for others, budget, outcome in (
        (0, 0.0, Outcome.UNKNOWN), (1, 0.0, Outcome.FAIL), (5, 0.01, Outcome.UNKNOWN), (6, 0.01, Outcome.FAIL),
    ):  # fmt: skip
        requests = Requests(0.0)
        for second in (62.0, 63.0):
            requests.history.record(
                raw("witness", environment="h1", place="door", begin=second, end=second + 1.0, stood=0.9, busy=1.0)
            )
        requests.fail(requests.at(12.0, 14.0))
        requests.fail(np.isin(np.arange(1000), range(900, 900 + others)))
        assert requests.verdict("errors", budget=budget).outcome is outcome, (others, budget)
