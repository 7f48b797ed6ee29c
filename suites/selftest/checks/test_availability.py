from typing import Any

from harness.checks import availability
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import Made


def judge(**data: Any) -> Verdict:
    return availability.check(Made().load("deploy", **data).events, phase="deploy")


def test_a_deployment_without_an_outage_passes() -> None:
    assert judge()


def test_a_long_outage_fails_although_few_requests_failed() -> None:
    verdict = judge(longest_outage=2.5, ok=499, failed=1)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "no request was answered in time for 2.5 s, longer than 1 s"


def test_scattered_failures_fail_by_their_share() -> None:
    verdict = judge(longest_outage=0.1, ok=480, failed=20, errors={"status 502": 20})
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "4 % of 500 requests failed, more than 1 % (20 x status 502)"


def test_a_rate_that_was_not_reached_is_unknown() -> None:
    assert judge(sent=10, ok=10).outcome is Outcome.UNKNOWN


def test_the_limits_of_what_the_windows_say_are_included() -> None:
    assert judge(longest_outage=1.0)
    assert judge(ok=495, failed=5)
    assert judge(ok=494, failed=6).outcome is Outcome.FAIL
    made = Made().load("baseline", p99=0.3).load("deploy", p99=3.0)
    assert availability.check(made.events, phase="deploy"), "ten times the baseline's"
    made = Made().load("baseline", p99=0.3).load("deploy", p99=3.1)
    found = availability.check(made.events, phase="deploy")
    assert (found.outcome, found.reason) == (
        Outcome.UNKNOWN, "the p99 of the answers is 3.1 s: how many were late is not known",
    )  # fmt: skip
    assert judge(p99=None)


def test_what_the_windows_say_rests_on_those_of_the_phase() -> None:
    for bad in ({"longest_outage": 2.0}, {"ok": 400, "failed": 100}):
        made = Made().load("baseline").load("deploy", **bad)
        assert availability.check(made.events, phase="deploy").evidence == (1,)
