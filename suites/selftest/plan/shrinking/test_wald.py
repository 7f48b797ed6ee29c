"""Wald's test and the failure rate, against exact values."""

from __future__ import annotations

import math
import random

import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from harness.plan.shrinking.rate import FailureRate
from harness.plan.shrinking.wald import ALPHA, BETA, MOST, RARE, Wald


@given(st.integers(0, 200), st.integers(1, 200))
def test_the_interval_is_that_of_clopper_and_pearson(failed: int, of: int) -> None:
    failed = min(failed, of)
    low, high = FailureRate(failed, of).interval
    assert (low == 0.0) == (failed == 0)
    assert (high == 1.0) == (failed == of)
    assert failed == 0 or scipy.special.bdtrc(failed - 1, of, low) == pytest.approx(0.025, rel=1e-6)  # so many or more
    assert failed == of or scipy.special.bdtr(failed, of, high) == pytest.approx(0.025, rel=1e-6)  # so many or fewer


def test_a_rate_says_how_sure_it_is() -> None:
    assert str(FailureRate(9, 10)) == "fails 9 of 10, 95 % interval 55 to 100 %"
    assert str(FailureRate(0, 0)) == "no run came to a verdict"
    assert FailureRate(0, 0).interval == (0.0, 1.0)


@given(st.floats(0.0, 1.0), st.integers(0, MOST), st.integers(0, MOST))
def test_it_comes_to_a_decision_after_a_bounded_number_of_runs(rate: float, failed: int, passed: int) -> None:
    test = Wald.of_rate(rate)
    more = test.fewest(failed, passed)
    assert (more == 0) == (test.decide(failed, passed) is not None)
    assert failed + passed + more <= max(MOST, failed + passed)


@given(st.floats(0.0, 1.0), st.integers(0, MOST - 1), st.integers(0, MOST - 1))
def test_a_boundary_is_where_the_likelihoods_say_so(rate: float, failed: int, passed: int) -> None:
    test = Wald.of_rate(rate)
    one, none = (scipy.special.xlogy(failed, p) + scipy.special.xlog1py(passed, -p) for p in (test.p1, test.p0))
    ratio = one - none
    found = test.decide(failed, passed)
    if ratio > math.log((1 - BETA) / ALPHA) + 1e-6:
        assert found == "fails"
    elif ratio < math.log(BETA / (1 - ALPHA)) - 1e-6 or failed + passed >= MOST:
        assert found == "does not" or ratio > math.log((1 - BETA) / ALPHA) - 1e-6
    elif abs(ratio - math.log((1 - BETA) / ALPHA)) > 1e-6 and abs(ratio - math.log(BETA / (1 - ALPHA))) > 1e-6:
        assert found is None


def test_of_a_plan_that_always_fails_one_run_decides() -> None:
    test = Wald.of_rate(1.0)
    assert (test.decide(1, 0), test.decide(0, 1)) == ("fails", "does not")


def test_of_a_plan_that_fails_three_times_in_ten_a_pass_decides_nothing() -> None:
    test = Wald.of_rate(0.3)
    assert [test.decide(0, passed) for passed in (1, 5, 9)] == [None] * 3
    assert test.decide(0, 10) == "does not"
    assert (test.decide(1, 0), test.decide(2, 0)) == (None, "fails")


@given(st.floats(0.0, 1.0), st.integers(0, 6), st.integers(0, 6))
def test_fewer_runs_than_it_says_never_come_to_a_decision_and_so_many_do(rate: float, failed: int, passed: int) -> None:
    test = Wald.of_rate(rate)
    more = test.fewest(failed, passed)
    early = [test.decide(failed + one, passed + some - one) for some in range(more) for one in range(some + 1)]
    assert early == [None] * len(early)
    assert test.decide(failed + more, passed) or test.decide(failed, passed + more)


def test_where_nothing_is_shown_the_last_run_decides() -> None:
    test = Wald(p1=0.051, p0=0.05, most=4)
    assert [test.fewest(0, passed) for passed in range(5)] == [4, 3, 2, 1, 0]
    assert [test.decide(1, passed) for passed in (1, 2, 3)] == [None, None, "does not"]


def kept(test: Wald, rate: float, times: int, seed: int) -> float:
    """How often a plan that fails at a rate is kept, as a share."""
    chance, found = random.Random(seed), 0
    for _ in range(times):
        failed = passed = 0
        while (decision := test.decide(failed, passed)) is None:
            fails = chance.random() < rate
            failed, passed = failed + fails, passed + (not fails)
        found += decision == "fails"
    return found / times


@pytest.mark.parametrize("rate", [0.3, 0.5, 0.9])
def test_what_does_not_fail_is_kept_as_rarely_as_is_said(rate: float) -> None:
    assert kept(Wald.of_rate(rate), RARE, 4000, seed=7) <= 0.075  # alpha 0.05, and what 4000 drawings leave to chance
    assert kept(Wald.of_rate(rate), 0.0, 200, seed=7) == 0.0


@pytest.mark.parametrize("rate", [0.3, 0.5, 0.9])
def test_what_fails_is_given_up_as_rarely_as_is_said(rate: float) -> None:
    # beta 0.05; what is given up because MOST runs told nothing comes to it
    assert 1.0 - kept(Wald.of_rate(rate), rate, 4000, seed=11) <= 0.085
