"""One kind of request, one server or a few answers that are slow do not hide behind the others."""

from __future__ import annotations

import numpy as np

from harness.verdict import Outcome
from suites.selftest.checks.witnessed import Requests

AFTER = 10.0  # s at which the deployed phase begins


def mixed(share: float = 0.1) -> Requests:
    """Two kinds of requests, the second this share of all, answered by two servers in turn."""
    requests = Requests()
    requests.kinds, requests.servers = ("read", "resume"), {1: "web-1", 2: "web-2"}
    requests.rows["request"] = np.arange(1000) % round(1 / share) == 0
    requests.rows["server"] = 1 + np.arange(1000) % 2
    return requests


def test_all_kinds_and_servers_as_before_pass() -> None:
    assert mixed().verdict("performance")


def test_one_kind_of_request_that_is_slow_fails_and_is_named() -> None:
    requests = mixed(0.04)  # the p95 of all does not see it
    requests.rows["latency"][requests.at(AFTER, 20.0) & (requests.rows["request"] == 1)] = 0.5
    verdict = requests.verdict("performance")
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason.startswith(
        "p50 of the resume requests 500 ms, 10 ms before: more than 3 times that and 50 ms"
    )


def test_one_kind_that_is_slower_within_the_bounds_passes() -> None:
    requests = mixed(0.04)
    requests.rows["latency"][requests.at(AFTER, 20.0) & (requests.rows["request"] == 1)] = 0.075
    assert requests.verdict("performance")


def test_one_server_whose_answers_are_slow_is_named() -> None:
    requests = mixed()
    requests.rows["server"] = np.where(np.arange(1000) % 25 == 0, 2, 1)
    requests.rows["latency"][requests.at(AFTER, 20.0) & (requests.rows["server"] == 2)] = 0.3
    verdict = requests.verdict("performance")
    assert verdict.outcome is Outcome.FAIL
    assert "p50 of the answers of web-2 300 ms, 10 ms before" in verdict.reason


def test_too_few_answers_of_a_kind_say_nothing() -> None:
    requests = mixed()
    requests.rows["request"] = np.arange(1000) % 60 == 0
    requests.rows["latency"][requests.at(AFTER, 20.0) & (requests.rows["request"] == 1)] = 0.5
    assert requests.verdict("performance")


def test_a_share_of_slow_answers_that_the_p95_does_not_see_fails_where_it_is_no_chance() -> None:
    requests = Requests()
    slow = requests.at(AFTER, 20.0) & (np.arange(1000) % 22 == 0)  # 4.5 %
    requests.rows["latency"][slow] = 0.5
    verdict = requests.verdict("performance")
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "23 of 500 answers took longer than 80 ms, in 10 of 10 seconds; before in 0 of 10"


def test_a_single_pause_is_one_event_however_many_answers_it_holds_up() -> None:
    requests = Requests()
    requests.freeze(14.0, 14.4)  # 20 of 500
    assert requests.verdict("performance")


def test_a_short_stall_of_the_generator_makes_no_answer_slow() -> None:
    requests = mixed(0.04)
    requests.stop_generator(14.0, 14.4)
    assert requests.verdict("performance")


def test_what_the_generator_itself_was_late_with_is_no_slow_answer() -> None:
    requests = Requests()
    for second in range(10, 20):
        requests.stop_generator(second + 0.5, second + 0.585)
    assert requests.verdict("performance")
