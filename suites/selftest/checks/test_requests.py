"""Availability, errors and performance, request by request: who stood still, and what that explains."""

from __future__ import annotations

import numpy as np
import pytest

from harness.checks import availability
from harness.samples import FINAL, KEPT_CLOSED, Samples, Stream
from harness.verdict import Outcome
from suites.raw import raw
from suites.selftest.checks.witnessed import Requests


def test_a_sound_deployment_passes() -> None:
    assert Requests().verdict()


def test_a_service_that_stalls_and_answers_everything_late_was_out() -> None:
    requests = Requests()
    requests.freeze(12.0, 16.1)
    verdict = requests.verdict()
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason.startswith("no request was answered in time for 4.1 s, longer than 1 s")


def test_a_generator_that_stood_still_saw_nothing() -> None:
    requests = Requests()
    requests.stop_generator(12.0, 14.0)
    for name in ("availability", "errors"):
        verdict = requests.verdict(name)
        assert verdict.outcome is Outcome.UNKNOWN, name
        assert "the load generator stood still for 2.0 s" in verdict.reason


def test_what_was_under_way_when_the_generator_stood_still_is_late_by_its_fault() -> None:
    requests = Requests()
    requests.stop_generator(12.0, 14.0)
    under_way = requests.at(11.9, 12.0)
    requests.rows["latency"][under_way] = 14.0 - requests.rows["intended"][under_way]
    requests.fail(requests.at(11.96, 12.0))  # their time-outs were over when it ran again
    for name in ("availability", "errors"):
        assert requests.verdict(name).outcome is Outcome.UNKNOWN, name


def test_an_answer_is_not_late_by_the_time_in_which_the_generator_could_not_hear_it() -> None:
    requests = Requests()
    requests.stop_generator(12.0, 12.6)
    requests.rows["latency"][requests.at(11.7, 12.0)] = 1.1  # half a second of it the service's
    assert requests.verdict()


def test_what_the_generator_sends_all_at_once_after_its_stall_may_be_answered_late() -> None:
    requests = Requests()
    requests.stop_generator(12.0, 14.0)
    requests.freeze(14.0, 15.3)  # the service works off what came at once
    verdict = requests.verdict()
    assert verdict.outcome is Outcome.UNKNOWN, verdict
    longer = Requests()
    longer.stop_generator(12.0, 12.5)
    longer.freeze(12.5, 17.0)
    assert longer.verdict().outcome is Outcome.FAIL, "half a second does not explain it"


def test_an_outage_that_goes_on_after_the_generators_own_stall_is_one() -> None:
    requests = Requests()
    requests.stop_generator(12.0, 12.6)
    requests.fail(requests.at(12.6, 15.0))
    assert requests.verdict().outcome is Outcome.FAIL


def test_answers_that_come_late_count_as_none() -> None:
    requests = Requests()
    requests.rows["latency"][requests.at(13.0, 13.5)] = 1.5  # ten times the baseline's p99 is less than a second
    verdict = requests.verdict()
    assert verdict.outcome is Outcome.FAIL
    assert "5 % of 500 requests failed or were answered later than 1 s (25), more than 1 %" in verdict.reason


def test_the_latency_that_the_stack_declares_counts_and_else_ten_times_the_baselines() -> None:
    slow = Requests()
    slow.rows["latency"][:500], slow.rows["latency"][500:] = 1.4, 2.0
    assert slow.verdict()
    assert Requests().verdict(latency=0.005).outcome is Outcome.FAIL
    assert Requests().verdict(latency=0.02)


def test_without_a_baseline_no_answer_is_late_and_a_freeze_is_an_outage_even_so() -> None:
    requests = Requests()
    requests.freeze(12.0, 14.0)
    assert requests.verdict(baseline="none").outcome is Outcome.FAIL


@pytest.mark.parametrize("name", ["availability", "errors", "performance"])
def test_failures_on_a_machine_that_stood_still_prove_nothing(name: str) -> None:
    for share, outcome in ((0.01, Outcome.FAIL), (0.6, Outcome.UNKNOWN)):
        requests = Requests(share)
        requests.fail(requests.at(12.0, 14.0))
        assert requests.verdict(name).outcome is outcome, (name, share)


def slow(share: float, begin: float, end: float) -> Requests:
    """One answer in twelve is slow, all of them in a row; in the two seconds before, the machine stood still."""
    requests = Requests()
    requests.rows["latency"][requests.at(begin, end)] = 0.4
    requests.history.record(
        raw(
            "witness", environment="h1", place="door", begin=48.0 + begin, end=50.0 + begin, stood=2.0 * share, busy=1.0
        )
    )
    return requests


def test_a_few_slow_answers_after_a_stall_prove_nothing_about_performance() -> None:
    """The stall is short against the window, and explains what makes up its p95."""
    found = slow(0.5, 10.0, 10.8).verdict("performance")
    assert found.outcome is Outcome.UNKNOWN, found
    assert found.stalled
    assert "the machine stood still for 1.0 s" in found.reason
    assert slow(0.0, 10.0, 10.8).verdict("performance").outcome is Outcome.FAIL


def test_late_answers_prove_nothing_where_the_machine_stood_still_for_a_good_part_of_them() -> None:
    """Also where it ran in the seconds before."""
    requests = Requests()
    requests.rows["latency"][requests.at(10.2, 10.4)] = 1.1
    witness = {"environment": "h1", "place": "door", "begin": 60.2, "end": 61.4, "busy": 1.0}
    requests.history.record(raw("witness", stood=0.4, **witness))
    assert requests.verdict().outcome is Outcome.UNKNOWN
    ran = Requests()
    ran.rows["latency"][ran.at(10.2, 10.4)] = 1.1
    ran.history.record(raw("witness", stood=0.1, **witness))
    assert ran.verdict().outcome is Outcome.FAIL


def test_slow_answers_that_no_stall_was_near_fail_whatever_was_before() -> None:
    late = slow(0.5, 10.0, 10.2)
    late.rows["latency"][late.at(15.0, 16.0)] = 0.4
    assert late.verdict("performance").outcome is Outcome.FAIL


def test_samples_that_are_not_all_there_are_no_evidence() -> None:
    requests = Requests()
    requests.verdict()
    events, rows = requests.made.events, requests.rows[:-10]
    stream = Stream(requests.start.id, "", "subject", 50.0, 1000.0, "", (), {}, rows)
    found = availability.check(events, phase="deployed", samples=Samples((stream,)))
    assert found.outcome is Outcome.UNKNOWN
    assert "490 samples, and 500 were counted" in found.reason


def of_kinds(requests: Requests, *, servers: bool = False) -> Requests:
    """Every other request is of another kind, or answered by another server."""
    requests.rows["server" if servers else "request"] = np.arange(1000) % 2 + servers
    requests.servers = {1: "backend-1", 2: "backend-2"} if servers else {}
    requests.kinds = ("resume", "status")
    return requests


@pytest.mark.parametrize("servers", [False, True])
def test_one_kind_or_one_server_that_fails_wholly_is_out_by_itself(servers: bool) -> None:
    requests = of_kinds(Requests(), servers=servers)
    column, number = ("server", 2) if servers else ("request", 1)
    requests.fail(requests.at(12.0, 15.0) & (requests.rows[column] == number))
    verdict = requests.verdict(budget=0.5)
    which = "answered by backend-2" if servers else "of kind status"
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason.startswith(f"no request {which} was answered in time for 3.0 s, longer than 1 s, and 75")


def test_scattered_failures_of_one_kind_are_no_outage_of_it() -> None:
    requests = of_kinds(Requests())
    mine = requests.rows["request"] == 1
    for second in (11.0, 12.0, 13.0, 14.0):
        requests.fail(requests.at(second, second + 0.1) & mine)
    assert requests.verdict(budget=0.5)


def test_a_kind_that_is_asked_rarely_is_not_out_between_two_requests() -> None:
    requests = of_kinds(Requests())
    requests.rows["request"] = 0
    requests.rows["request"][500::200] = 1  # every 4 s
    requests.fail(requests.rows["request"] == 1)
    assert requests.verdict(budget=0.5)


def closed(requests: Requests, count: int) -> Requests:
    """So many of the phase's requests met a kept connection that was closed."""
    part = np.arange(1000) >= 1000 - count
    requests.rows["outcome"][part], requests.rows["flags"][part] = KEPT_CLOSED, FINAL
    return requests


@pytest.mark.parametrize("name", ["errors", "availability", "performance"])
def test_a_kept_connection_that_closed_under_a_request_is_no_failure_of_the_release(name: str) -> None:
    assert closed(Requests(), 2).verdict(name).outcome is Outcome.PASS


def test_it_is_told_all_the_same() -> None:
    reason = closed(Requests(), 2).verdict("errors").reason
    assert reason == (
        "0 of 500 requests failed; 2 met a kept connection that was closed before any answer, and what came of them is"
        " not counted"
    )


@pytest.mark.parametrize("name", ["errors", "availability"])
def test_more_of_them_than_chance_brings_are_no_pass(name: str) -> None:
    verdict = closed(Requests(), 10).verdict(name)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "10 of 500 requests of the phase deployed met a kept connection" in verdict.reason


def test_failures_are_told_by_kind_status_and_server() -> None:
    requests = of_kinds(Requests(), servers=True)
    requests.fail(requests.at(12.0, 13.0) & (requests.rows["server"] == 2))
    reason = requests.verdict("errors").reason
    assert reason == "25 of 500 requests failed (5 %), budget 0 % (25 x resume with status 503 by backend-2)"


def test_the_longest_outage_that_nothing_explains_is_told() -> None:
    requests = Requests()
    requests.stop_generator(11.0, 14.0)
    requests.fail(requests.at(18.0, 19.5))
    found = requests.verdict(budget=0.9)
    assert found.outcome is Outcome.FAIL
    assert found.reason.startswith("no request was answered in time for 1.5 s, longer than 1 s")
    longer = Requests()
    longer.fail(longer.at(11.0, 12.5))
    longer.fail(longer.at(14.0, 17.0))
    assert longer.verdict(budget=0.9).reason.startswith("no request was answered in time for 3.0 s")


def test_a_pass_tells_the_longest_outage_however_short_and_how_many_answers_were_late() -> None:
    requests = Requests()
    requests.fail(requests.at(12.0, 12.5))
    assert requests.verdict(budget=0.1).reason == "5 % of 500 requests failed, longest outage 0.5 s"
    late = Requests()
    late.rows["latency"][late.at(13.0, 13.1)] = 1.5
    assert ", 5 answered later than 1 s, longest outage " in late.verdict(budget=0.1, longest_outage=2.0).reason


def test_the_share_of_failures_may_be_the_budget_and_no_more() -> None:
    for failures, outcome in ((5, Outcome.PASS), (6, Outcome.FAIL)):
        requests = Requests()
        requests.fail(np.isin(np.arange(1000), np.arange(600, 600 + 10 * failures, 10)))
        found = requests.verdict()
        assert found.outcome is outcome, failures
    assert found.reason == "1.2 % of 500 requests failed, more than 1 % (6 x request-1 with status 503)"
    assert found.evidence == (found.evidence[-1],), "the window of the phase"


def test_an_outage_is_explained_where_the_generator_sent_nothing_for_all_but_what_is_allowed() -> None:
    for stall, outcome in ((0.75, Outcome.UNKNOWN), (0.5, Outcome.FAIL)):
        requests = Requests()
        requests.stop_generator(12.0, 12.0 + stall)
        requests.rows["flags"][requests.at(12.0, 12.0 + stall)] = FINAL
        requests.fail(requests.at(12.0 + stall, 13.7))
        found = requests.verdict(budget=0.9, longest_outage=0.98)
        assert (found.outcome, "load generator stood still" in found.reason) == (
            outcome, outcome is Outcome.UNKNOWN,
        ), found  # fmt: skip
