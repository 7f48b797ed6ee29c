from typing import Any

import numpy as np

from harness.checks import availability
from harness.verdict import Outcome, Verdict
from suites.raw import raw
from suites.selftest.checks.builder import Made
from suites.selftest.checks.witnessed import Requests


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


def stalled(
    stood: float, begin: float, end: float, *bad: tuple[float, float], half: bool = False, **asked: Any
) -> Verdict:
    """Requests failed in these stretches; from second `begin` to `end` of the load the machine stood still so long."""
    requests = Requests(0.0)
    witness = {"environment": "h1", "place": "door", "begin": 50.0 + begin, "end": 50.0 + end, "busy": 1.0}
    requests.history.record(raw("witness", stood=stood, **witness))
    if half:
        requests.rows["request"] = np.arange(1000) % 2
        requests.kinds = ("resume", "status")
    for low, high in bad:
        part = requests.at(low, high)
        requests.fail(part & (requests.rows["request"] == 1) if half else part)
    return requests.verdict(**asked)


def test_an_outage_is_explained_by_four_times_a_stall_and_what_is_allowed() -> None:
    """Of 8 s, 1 s is allowed."""
    for stood, outcome in ((1.8, Outcome.UNKNOWN), (1.7, Outcome.FAIL)):
        assert stalled(stood, 11.0, 19.0, (11.0, 19.0), budget=0.9).outcome is outcome


def test_one_kind_that_is_out_is_explained_by_a_stall_as_all_are_and_is_not_told_beside_all() -> None:
    """Requests of a kind are 40 ms apart, so it failed from 12.02 s to 14.98 s."""
    assert stalled(1.0, 12.0, 15.0, (12.0, 15.0), half=True, budget=0.5).outcome is Outcome.UNKNOWN
    assert stalled(0.0, 12.0, 15.0, (12.0, 15.0), half=True, budget=0.5).outcome is Outcome.FAIL
    every = stalled(0.0, 11.0, 12.0, (12.0, 15.0), budget=0.9)
    assert "of kind" not in every.reason
    requests = Requests(0.0)
    requests.rows["request"] = np.arange(1000) % 2
    requests.kinds = ("resume", "status")
    requests.fail(requests.at(12.0, 15.0))
    assert "of kind" not in requests.verdict(budget=0.9).reason


def test_failures_that_a_stall_explains_are_left_out_of_the_budget() -> None:
    """A hundred of 500 failed while the machine stood still, and some others long after."""
    for others, outcome in ((5, Outcome.UNKNOWN), (6, Outcome.FAIL)):
        found = stalled(1.8, 11.0, 13.0, (11.0, 13.0), (18.0, 18.0 + others / 50 - 0.01), longest_outage=5.0)
        assert found.outcome is outcome, others


def test_an_outage_in_which_the_generator_sent_nothing_is_told_with_how_long_that_was() -> None:
    requests = Requests(0.0)
    requests.stop_generator(12.0, 14.0)
    found = requests.verdict(budget=0.9)
    assert found.outcome is Outcome.UNKNOWN
    assert "; the load generator stood still for 2.0 s of these 2.0 s, so this proves nothing: no " in found.reason
