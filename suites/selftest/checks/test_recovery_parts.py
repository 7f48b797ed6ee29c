"""The parts of the check `recovery`: what is compared, what a request costs, and when performance was back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.checks import _arms, recovery
from harness.checks._blocks import ArmRequests
from harness.checks._evidence import Findings
from harness.samples import NO_SAMPLES
from harness.verdict import Outcome
from suites.selftest.checks.test_recovery_guards import arms


def test_which_of_the_two_stretches_is_not_worth_a_comparison_is_told() -> None:
    findings = Findings("made")
    assert not recovery._guarded(findings, arms(span=20.0))
    assert findings.unknown == ["the workload sent 100 of 200 requests that were due in the recovery"]


@pytest.mark.parametrize(
    ("before", "after", "cheap"),
    [
        (0.5, 0.5 * (1.0 + recovery.COSTLIER), True), (0.5, 0.501 * (1.0 + recovery.COSTLIER), False),
        (None, 9.0, True), (0.5, None, True), (None, None, True),
    ],
)  # fmt: skip
def test_a_request_may_cost_so_much_more_and_what_was_not_sampled_is_not_judged(
    monkeypatch: pytest.MonkeyPatch, before: float | None, after: float | None, cheap: bool
) -> None:
    costs = iter([before, after])
    monkeypatch.setattr("harness.checks.recovery.cpu_of_a_request", lambda *_: next(costs))
    findings = Findings("made")
    assert recovery._cheap(findings, (), arms()) is cheap
    if not cheap:
        assert after is not None
        said = f"each request costs {1000.0 * after:.1f} ms of CPU, 500.0 ms in the baseline: "
        assert findings.unknown[0].startswith(said)


def paired(*, control: bool) -> _arms.Arms:
    """Thirty seconds before and after, a hundred requests a second, all twice as slow after; so is the control."""
    due = np.concatenate([np.arange(0.0, 30.0, 0.01), np.arange(100.0, 130.0, 0.01)])
    latency = np.where(due >= 100.0, 0.02, 0.01)
    arm = ArmRequests(due, latency, np.ones(len(due), np.bool_), np.zeros(len(due)))
    return _arms.Arms((0.0, 30.0), (100.0, 130.0), arm, arm if control else None, 100.0, 100.0, (), ())


def test_where_there_is_a_control_its_own_change_is_taken_off() -> None:
    for control, change in ((True, 0.0), (False, np.log(2.0))):
        rows = recovery._rows(paired(control=control), "p50")
        assert rows is not None
        assert rows.after.mean() - rows.before.mean() == pytest.approx(change)
        assert (len(rows.before), len(rows.after), rows.seconds) == (6, 6, 5.0)


def test_blocks_are_so_long_that_the_control_has_enough_requests_too() -> None:
    found = paired(control=True)
    # Four in five seconds, and five are needed.
    assert found.control is not None
    sparse = ArmRequests(found.control.due[::125], found.control.latency[::125], found.control.ok[::125],
                         found.control.lateness[::125])  # fmt: skip
    rows = recovery._rows(replace(found, control=sparse), "p50")
    assert rows is not None
    assert rows.seconds == 10.0


def when(findings: Findings, *, since: float = 20.0, within: float = 30.0, slow_until: float = 0.0) -> str:
    """What is said of a phase that began at second 100 and was slow at first; the stretch that counts begins later."""
    due = np.concatenate([np.arange(0.0, 30.0, 0.01), np.arange(100.0, 160.0, 0.01)])
    latency = np.where((due >= 100.0) & (due < 100.0 + slow_until), 0.5, 0.01)
    arm = ArmRequests(due, latency, np.ones(len(due), np.bool_), np.zeros(len(due)))
    found = _arms.Arms((0.0, 30.0), (100.0 + since, 160.0), arm, None, 100.0, 0.0, (), ())
    return recovery._when(findings, found, {"p50": 0.1}, 0.025, within, since)


@pytest.mark.parametrize(
    ("since", "slow_until", "said"),
    [
        (20.0, 10.0, "recovered at most 10 s after the phase began"),
        (20.0, 15.0, "recovered at most 15 s after the phase began"),
        (20.0, 0.0, "recovered from the beginning"),
        (5.0, 10.0, "recovered at most 5 s after the phase began"),
        (0.0, 0.0, "recovered from the beginning"),
        (0.0, 10.0, "recovered from the beginning"),
    ],
)
def test_when_performance_was_back_is_told_by_the_blocks_before_the_stretch_that_counts(
    since: float, slow_until: float, said: str
) -> None:
    findings = Findings("made")
    assert when(findings, since=since, slow_until=slow_until) == said
    assert findings.unknown == []


def test_where_no_quantile_is_asked_for_it_had_recovered_when_the_stretch_that_counts_began() -> None:
    found = paired(control=False)
    assert (
        recovery._when(Findings("made"), found, {}, 0.025, 30.0, 4.0) == "recovered at most 4 s after the phase began"
    )


def test_what_had_recovered_later_than_it_may_is_unknown_and_what_did_not_is_not_dated() -> None:
    findings = Findings("made")
    when(findings, within=9.0, slow_until=10.0)
    assert findings.unknown == ["it had recovered after 10 s; whether it had within 9 s was not looked at"]
    assert when(findings) == "", "something is unknown"
    failed = Findings("made")
    failed.fail("p50 is +100 %")
    assert when(failed) == ""


def test_a_check_compares_the_stretch_that_it_is_given_and_gives_recovery_half_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    def find(*given: Any) -> _arms.Arms:
        asked.append(given[2:])
        return paired(control=False)

    def dated(*given: Any) -> str:
        asked.append(given[-2:])
        return ""

    monkeypatch.setattr("harness.checks.recovery.find", find)
    monkeypatch.setattr("harness.checks.recovery._when", dated)
    recovery.check((), phase="p", samples=NO_SAMPLES, since=3.0, lasting=7.0, tolerances={"p50": 9.0})
    assert asked == [("baseline", "p", 3.0, 7.0), (30.0, 3.0)]


def test_samples_that_are_torn_are_told_by_what_tore_them(monkeypatch: pytest.MonkeyPatch) -> None:
    torn = _arms.Arms((0.0, 1.0), (1.0, 2.0), arms().subject, None, 1.0, 0.0, (), ("the file is torn",))
    monkeypatch.setattr("harness.checks.recovery.find", lambda *_: torn)
    found = recovery.check((), phase="p", samples=NO_SAMPLES)
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, "the file is torn")
