"""What a measurement of recovery is worth, at the limits, and what is said to suffice where it is not enough."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from harness.checks import _arms, recovery
from harness.checks._blocks import ArmRequests
from harness.checks._evidence import Findings
from harness.checks._noninferiority import ArmComparison
from harness.verdict import Outcome
from suites.selftest.checks.arms import Arms
from suites.selftest.checks.test_recovery import sampled


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"late": 0.002}, "the workload itself was late in the baseline (p99 2 ms, more than a tenth of "),
        ({"sent": 0.8}, "the workload sent "),
        ({"machine": 1.8}, "the untouched control is slower by more than half itself (its p50 is "),
    ],
)  # fmt: skip
def test_a_slow_release_fails_on_no_measurement_that_proves_nothing(what: dict[str, float], said: str) -> None:
    verdict = Arms(slower=3.0, **what).verdict()  # type: ignore[arg-type]
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.reason.startswith(said)


def test_a_request_that_costs_more_makes_the_latencies_prove_nothing() -> None:
    made = Arms(slower=3.0)
    dear = recovery.check(sampled(made, 0.2, 0.5), phase="rolled-back", samples=made.samples)
    assert dear.outcome is Outcome.UNKNOWN
    assert dear.reason.startswith("each request costs 10.")
    assert "ms of CPU, 4.0 ms in the baseline" in dear.reason
    free = recovery.check(sampled(Arms(), 0.0, 0.5), phase="rolled-back", samples=made.samples)
    assert "each request costs" in free.reason


def arms(
    *, rate: float = 10.0, sent: int = 100, bad: int = 0, late: float = 0.0, latency: float = 0.1, span: float = 10.0
) -> _arms.Arms:
    """Ten seconds before and after, with so many requests in each of them."""
    due = np.concatenate([np.linspace(begin, begin + 9.99, sent) for begin in (0.0, 20.0)])
    ok = np.ones(len(due), np.bool_)
    ok[len(due) - bad :] = False
    found = ArmRequests(due, np.full(len(due), latency), ok, np.full(len(due), late))
    return _arms.Arms((0.0, 10.0), (20.0, 20.0 + span), found, None, rate, 0.0, (), ())


def sound(**what: Any) -> list[str]:
    findings = Findings("made")
    recovery._guarded(findings, arms(**what))
    return findings.unknown


def test_a_load_may_miss_a_little_of_its_rate_and_one_request_more() -> None:
    few = math.ceil(recovery.REACHED * 100 - 1.0)
    assert sound(sent=few) == []
    assert sound(sent=few - 1) == [f"the workload sent {few - 1} of 100 requests that were due in the baseline"]
    assert sound(sent=0, rate=0.0) == ["the workload sent 0 of 0 requests that were due in the baseline"]


def test_a_load_may_be_late_by_a_tenth_of_what_its_requests_take() -> None:
    assert sound(latency=0.5, late=0.05) == []
    assert sound(latency=0.5, late=0.0501)[0].startswith("the workload itself was late in the baseline (p99 50.1 ms, ")


def failures(bad: int, count: int, budget: float, confidence: float = 0.95) -> Findings:
    findings = Findings("made")
    recovery._failures(findings, arms(sent=count, bad=bad), budget, confidence)
    return findings


def test_how_many_requests_would_show_that_hardly_any_fails() -> None:
    """0.99 ** 299 is below 5 %, and 0.99 ** 298 is not."""
    (said,) = failures(0, 100, 0.01).unknown
    assert said.endswith(": 1 % are allowed, and 299 requests without a failure would show it")
    assert failures(0, 300, 0.01).unknown == []
    (none,) = failures(0, 100, 0.0).unknown
    assert none.endswith(": 0 % are allowed, and no number of requests without a failure would show it")
    assert failures(50, 100, 0.01).wrong == ["50 of 100 requests failed, more than 1 %"]
    assert failures(100, 100, 1.0).wrong == failures(100, 100, 1.0).unknown == []


@pytest.mark.parametrize(
    ("ratio", "said"), [(1.0, "+0.0 %"), (1.125, "+12.5 %"), (0.5, "-50.0 %"), (9.99, "+899.0 %"), (10.0, "10 times")]
)
def test_a_change_is_told_in_percent_and_from_ten_times_on_as_that(ratio: float, said: str) -> None:
    assert recovery._change(ratio) == said


@pytest.mark.parametrize(
    ("name", "rate", "span", "said"),
    [
        ("p50", 1.0, 10.0, "it needs 5 s more"),
        ("p50", 0.5, 10.0, "it needs 20 s more or 1 requests/s"),
        ("p95", 10.0, 10.0, "it needs 20 s more or 12 requests/s"),
        ("p95", 12.0, 10.0, "it needs 5 s more"),
        ("p99", 60.0, 10.0, "it needs 5 s more"),
        ("p99", 60.0, 15.0, "it needs 5 s more"),
    ],
)
def test_what_would_suffice_for_enough_blocks_is_told(name: str, rate: float, span: float, said: str) -> None:
    """The baseline of ten seconds is the shorter one at most."""
    assert recovery._too_few(arms(rate=rate, span=span), name) == said


def test_a_stretch_that_is_long_enough_has_a_block_without_a_value() -> None:
    long = _arms.Arms((5.0, 20.0), (30.0, 45.0), arms().subject, None, 100.0, 0.0, (), ())
    assert recovery._too_few(long, "p50") == "a block of it has no value"
    short = _arms.Arms((15.0, 20.0), (30.0, 45.0), arms().subject, None, 100.0, 0.0, (), ())
    assert recovery._too_few(short, "p50") == "it needs 10 s more"


def test_more_seconds_and_a_higher_rate_are_told_where_they_would_do() -> None:
    """Three blocks of 5 s after, and a hundred requests a second: twice as many blocks, or half as much again."""

    def told(longer: float | None, busier: float | None, rate: float = 100.0) -> str:
        found = ArmComparison(1.0, 0.9, 1.2, Outcome.UNKNOWN, 1.1, 0.0, (12, 3), longer, busier)
        return recovery._sufficient(found, recovery._Rows(np.zeros(12), np.zeros(3), 5.0), arms(rate=rate))

    assert told(2.0, 1.5) == "needs 15 s more or 150 requests/s"
    assert told(2.01, None) == "needs 16 s more"
    assert told(None, 1.501) == "needs 151 requests/s"
    nothing = "no length suffices: the difference itself is about as large as what is tolerated"
    assert told(None, None) == told(None, 1.5, rate=0.0) == nothing
