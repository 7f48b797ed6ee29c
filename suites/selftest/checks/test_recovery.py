"""Recovery is claimed on evidence alone: within the tolerance, with the confidence, and never of what hides it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from harness.checks._noninferiority import compare
from harness.clock import ManualClock
from harness.history import Event, History
from harness.verdict import Outcome
from suites.raw import raw
from suites.selftest.checks.arms import Arms

P50 = {"p50": 0.10}


def test_what_is_as_it_was_has_recovered_with_its_bounds_in_words() -> None:
    verdict = Arms().verdict()
    assert verdict.outcome is Outcome.PASS, verdict
    for words in ("p50", "p95", "p99", "at most", "of 3000 requests failed", "95 % confidence, against the control"):
        assert words in verdict.reason
    assert "recovered from the beginning" in verdict.reason


@pytest.mark.parametrize("slower", [1.3, 2.0, 10.0])
def test_what_is_slower_than_tolerated_has_not(slower: float) -> None:
    verdict = Arms(slower=slower).verdict()
    assert verdict.outcome is Outcome.FAIL
    assert "10 % are tolerated" in verdict.reason
    assert verdict.look


def test_a_little_slower_is_tolerated() -> None:
    assert Arms(slower=1.03).verdict(tolerances=P50)


def test_exactly_at_the_margin_is_no_pass_on_this_seed_and_says_what_would_suffice_or_that_nothing_would() -> None:
    verdict = Arms(slower=1.10).verdict(tolerances=P50)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "needs" in verdict.reason or "no length suffices" in verdict.reason


def test_noise_leaves_it_unknown_and_the_reason_says_how_much_more_would_tell() -> None:
    verdict = Arms(spread=0.5, rate=20.0).verdict(tolerances=P50)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "s more or" in verdict.reason
    assert "requests/s" in verdict.reason


def test_each_of_two_looks_gets_half_of_the_error_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    alphas = list[float]()

    def noted(before: Any, after: Any, tolerance: float, alpha: float) -> Any:
        alphas.append(alpha)
        return compare(before, after, tolerance, alpha)

    monkeypatch.setattr("harness.checks.recovery.compare", noted)
    Arms().verdict(confidence=0.95)
    assert alphas == [pytest.approx(0.025)] * 3


def test_a_machine_that_slows_both_down_is_cancelled_out() -> None:
    assert Arms(machine=1.25).verdict()


def test_without_a_control_the_same_machine_looks_like_a_slow_release_and_the_reason_says_that_there_was_none() -> None:
    assert Arms(machine=1.6, control=False).verdict().outcome is Outcome.FAIL
    good = Arms(control=False).verdict(tolerances={"p50": 0.9})
    assert good.outcome is Outcome.PASS, good
    assert "without a control" in good.reason


def test_a_control_that_changed_by_more_than_half_makes_it_unknown() -> None:
    verdict = Arms(machine=1.8).verdict()
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the untouched control is slower by more than half" in verdict.reason


def test_a_generator_that_was_late_itself_proves_nothing() -> None:
    verdict = Arms(late=0.002).verdict()
    assert verdict.outcome is Outcome.UNKNOWN
    assert "itself was late" in verdict.reason


def test_a_load_that_did_not_reach_its_rate_proves_nothing() -> None:
    verdict = Arms(sent=0.8).verdict()
    assert verdict.outcome is Outcome.UNKNOWN
    assert "requests that were due" in verdict.reason


def test_fast_failures_do_not_pass_for_speed() -> None:
    verdict = Arms(failing=0.10).verdict()
    assert verdict.outcome is Outcome.FAIL
    assert "requests failed, more than 1 %" in verdict.reason


def test_sparse_errors_are_not_missed() -> None:
    assert Arms(failing=0.03).verdict().outcome is Outcome.FAIL
    assert Arms(failing=0.002).verdict().outcome is Outcome.PASS


def test_too_few_requests_to_bound_the_errors_are_unknown_with_how_many_would() -> None:
    verdict = Arms().verdict(errors=0.0005)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "requests without a failure would show it" in verdict.reason


def test_what_recovered_on_the_way_is_dated_by_an_upper_bound() -> None:
    made = Arms(at_first=4.0, recovering=12.0, after=60.0)
    assert made.verdict(within=30.0).outcome is Outcome.UNKNOWN or not made.verdict(within=30.0)
    verdict = made.verdict(within=30.0, since=30.0, look=2)
    assert verdict.outcome is Outcome.PASS, verdict
    bound = re.search(r"recovered at most (\d+) s after the phase began", verdict.reason)
    assert bound is not None
    assert 12 <= int(bound[1]) <= 30, "an outlier among the blocks only makes it later"
    assert "at the second look" in verdict.reason


def test_what_comes_later_than_the_stretch_that_is_compared_does_not_count() -> None:
    assert Arms(after=60.0).verdict(lasting=30.0)
    assert not Arms(at_first=3.0, recovering=30.0, after=60.0).verdict(lasting=30.0)


def test_a_phase_that_is_too_short_is_unknown_with_how_much_longer_it_would_have_to_be() -> None:
    verdict = Arms(after=10.0).verdict(tolerances=P50)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "it needs 5 s more" in verdict.reason


def test_a_rate_too_low_for_a_quantile_is_unknown_with_the_rate_that_would_do() -> None:
    verdict = Arms(rate=5.0).verdict(tolerances={"p99": 0.5})
    assert verdict.outcome is Outcome.UNKNOWN
    assert "60 requests/s" in verdict.reason


@pytest.mark.parametrize("phase", ["baseline", "rolled-back"])
def test_a_phase_that_was_not_measured_is_named(phase: str) -> None:
    from harness.checks.recovery import check

    made = Arms()
    events = tuple(event for event in made.events if event.data.get("phase") != phase)
    verdict = check(events, phase="rolled-back", samples=made.samples)
    assert verdict.outcome is Outcome.UNKNOWN
    assert f"not measured in the phase {phase}" in verdict.reason


def test_samples_that_are_missing_are_unknown_with_the_reason() -> None:
    from harness.checks.recovery import check
    from harness.samples import Samples

    made = Arms()
    broken = Samples(tuple(replace(one, problem="the disk is gone") for one in made.samples.streams))
    verdict = check(made.events, phase="rolled-back", samples=broken)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the disk is gone" in verdict.reason


@pytest.mark.parametrize("seed", range(5))
def test_worse_is_never_better(seed: int) -> None:
    order = {Outcome.PASS: 0, Outcome.UNKNOWN: 1, Outcome.FAIL: 2}
    found = [order[Arms(slower=slower, seed=seed).verdict().outcome] for slower in (0.9, 1.0, 1.05, 1.1, 1.2, 1.4)]
    assert found == sorted(found)


def sampled(made: Arms, before: float, after: float) -> tuple[Event, ...]:
    """The history of two arms, with two replicas that use so many cores before and after."""
    clock, used = ManualClock(), {"backend-1": 0.0, "backend-2": 0.0}
    history = History(clock=clock)
    vars(history)["_events"].extend(made.events)
    for second in range(int(made.after[1]) + 3):
        for replica, cpu in used.items():
            history.record(raw("probe.replica", replica=replica, cpu=cpu))
            used[replica] = cpu + (before if second < made.after[0] else after)
        clock.advance(1.0)
    return history.events


def test_latencies_that_came_back_at_a_much_higher_price_are_no_recovery_yet() -> None:
    from harness.checks.recovery import check

    made = Arms()
    dear = check(sampled(made, 0.2, 0.5), phase="rolled-back", samples=made.samples)
    assert dear.outcome is Outcome.UNKNOWN
    assert "ms of CPU" in dear.reason
    assert check(sampled(made, 0.2, 0.25), phase="rolled-back", samples=made.samples)


def test_cpu_that_was_not_sampled_is_not_judged() -> None:
    from harness.checks._blocks import ArmRequests
    from harness.checks._cost import cpu_of_a_request

    assert cpu_of_a_request((), ArmRequests.of([], {}), (0.0, 1.0)) is None


def test_a_clock_that_was_set_back_between_the_phases_changes_nothing() -> None:
    """Every time of a window is counted from its workload's own beginning, on the clock that never jumps."""
    made = Arms()
    moved = tuple(replace(event, time=event.time - 3600.0 * event.id) for event in made.events)
    from harness.checks.recovery import check

    assert check(moved, phase="rolled-back", samples=made.samples) == made.verdict()


def test_a_clock_that_was_set_back_while_the_load_ran_leaves_a_report_that_can_be_read() -> None:
    from harness.report import Report, html, postmortem

    made = Arms()
    report = Report.of(tuple(replace(event, time=-1e9 * event.id) for event in made.events))
    assert html.render(report, made.samples)
    assert postmortem.render(report)
