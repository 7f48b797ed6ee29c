"""The bounds of a comparison against scipy's, and what is said to suffice against its own terms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy

from harness.checks._noninferiority import (
    DRIFT,
    MAX_ADVICE,
    MIN_BLOCKS,
    MOST_LAG,
    _dependence,
    _sufficient,
    certified,
    compare,
)
from harness.checks._trend import FEWEST, trend
from harness.verdict import Outcome

ALTERNATING = np.array([0.1, -0.1, 0.1, -0.1, 0.1, -0.1])  # which never counts for more than independent blocks


def row(seed: int, many: int, lag: float = 0.0) -> np.ndarray:
    """Blocks that depend on the one before."""
    random, found = np.random.default_rng(seed), [0.0]
    for _ in range(many - 1):
        found.append(lag * found[-1] + float(random.normal(0.0, 0.05)))
    return np.asarray(found)


def test_blocks_that_do_not_depend_on_each_other_are_bounded_by_the_pooled_t_test_and_the_drift() -> None:
    before, after = ALTERNATING, ALTERNATING[:4] * 1.5 + 0.3
    found = compare(before, after, 0.1, 0.05)
    assert found is not None
    pooled = scipy.stats.ttest_ind(after, before)
    spread = (after.mean() - before.mean()) / pooled.statistic  # the standard error that scipy reckons with
    error = math.sqrt(spread**2 + 2.0 * DRIFT**2) * scipy.stats.t.ppf(0.95, pooled.df)
    assert (found.lag, found.blocks, found.margin) == (0.0, (6, 4), 1.1)
    assert [math.log(one) for one in (found.ratio, found.low, found.high)] == pytest.approx(
        [0.3, 0.3 - error, 0.3 + error]
    )


@pytest.mark.parametrize("seed", range(6))
def test_dependence_is_the_correlation_with_the_block_before_less_its_bias(seed: int) -> None:
    before, after = row(seed, 12, 0.7), row(seed + 50, 9, 0.7)
    lag, shrink = _dependence(before, after)
    centred = [one - one.mean() for one in (before, after)]
    raw = sum(float(np.dot(one[:-1], one[1:])) for one in centred) / sum(float(np.dot(one, one)) for one in centred)
    expected = min(MOST_LAG, raw + (1.0 + 4.0 * raw) / 21) if raw > 0 else 0.0
    assert lag == pytest.approx(expected)
    assert shrink == pytest.approx((1.0 - expected) / (1.0 + expected))


def test_the_correlation_has_its_limits() -> None:
    assert _dependence(ALTERNATING, ALTERNATING) == (0.0, 1.0)
    assert _dependence(np.zeros(5), np.zeros(5)) == (0.0, 1.0), "no noise at all"
    hardly = np.array([0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0])  # -0.02: less than its bias
    assert _dependence(hardly, hardly) == (0.0, 1.0), "what is against dependence is not corrected into it"
    rising = np.arange(40.0)
    assert _dependence(rising, rising) == pytest.approx((MOST_LAG, 0.2 / 1.8))


def test_dependent_blocks_count_for_fewer() -> None:
    before, after = row(3, 20, 0.7), row(4, 20, 0.7)
    found = compare(before, after, 0.1, 0.05)
    assert found is not None
    lag, shrink = _dependence(before, after)
    assert (found.lag, lag > 0.2) == (lag, True)
    spread = math.sqrt((before.var(ddof=1) + after.var(ddof=1)) / 2.0)
    error = math.sqrt(spread**2 * 2.0 / (20 * shrink) + 2.0 * DRIFT**2)
    reach = scipy.stats.t.ppf(0.95, 40 * shrink - 2.0) * error
    assert math.log(found.high / found.low) == pytest.approx(2.0 * reach)


def test_so_few_blocks_count_at_least_as_two_of_which_one_is_free() -> None:
    """Twenty blocks that rise count for little more than two; the bounds have one degree of freedom all the same."""
    before, after = np.arange(10.0) / 100, np.arange(10.0) / 100
    found = compare(before, after, 0.1, 0.05)
    assert found is not None
    shrink = (1.0 - found.lag) / (1.0 + found.lag)
    assert 20 * shrink < 3.0
    error = math.sqrt(before.var(ddof=1) * 2.0 / (10 * shrink) + 2.0 * DRIFT**2)
    assert math.log(found.high / found.low) == pytest.approx(2.0 * scipy.stats.t.ppf(0.95, 1.0) * error)


def test_a_rate_that_would_do_acts_on_both_rows_and_a_length_on_the_later_one() -> None:
    before = after = ALTERNATING * 0.6
    found = compare(before, after + 0.02, 0.1, 0.05)
    assert found is not None
    assert found.outcome is Outcome.UNKNOWN
    assert found.longer is not None
    assert found.busier == pytest.approx((1.0 / 6.0 + 1.0 / 6.0) / (1.0 / 6.0 + 1.0 / 6.0 / found.longer))


@pytest.mark.parametrize(("shift", "outcome"), [(0.0, Outcome.PASS), (0.5, Outcome.FAIL), (0.0953, Outcome.UNKNOWN)])
def test_an_outcome_is_told_where_the_margin_is_beyond_a_bound(shift: float, outcome: Outcome) -> None:
    found = compare(ALTERNATING / 10, ALTERNATING / 10 + shift, 0.1, 0.05)
    assert found is not None
    assert found.outcome is outcome


def test_three_blocks_are_enough_and_two_are_not() -> None:
    assert compare(np.zeros(MIN_BLOCKS), np.zeros(MIN_BLOCKS), 0.1, 0.05) is not None
    assert compare(np.zeros(MIN_BLOCKS - 1), np.zeros(9), 0.1, 0.05) is None
    assert compare(np.zeros(9), np.zeros(MIN_BLOCKS - 1), 0.1, 0.05) is None
    assert certified(np.zeros(MIN_BLOCKS), 0.0, 0.1, 0.05)
    assert not certified(np.zeros(MIN_BLOCKS - 1), 0.0, 0.1, 0.05)


@pytest.mark.parametrize("many", [3, 4, 12])
def test_a_block_is_certified_where_its_prediction_interval_is_within_the_tolerance(many: int) -> None:
    before = row(many, many) / 5
    error = math.sqrt(before.var(ddof=1) * (1.0 + 1.0 / many) + 2.0 * DRIFT**2)
    most = before.mean() + math.log(1.2) - scipy.stats.t.ppf(0.95, many - 1) * error
    assert certified(before, most - 1e-6, 0.2, 0.05)
    assert not certified(before, most + 1e-6, 0.2, 0.05)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_block_without_a_value_is_never_certified(bad: float) -> None:
    before = np.zeros(6)
    assert not certified(before, bad, 0.2, 0.05)
    before[2] = bad
    assert not certified(before, 0.0, 0.2, 0.05)


@pytest.mark.parametrize(
    ("room", "spread", "before", "after"), [(0.1, 0.1, 2.0, 2.0), (0.05, 0.1, 12.0, 3.0), (0.04, 0.02, 3.0, 9.0)]
)
def test_with_what_is_said_to_suffice_the_error_is_what_it_may_be(
    room: float, spread: float, before: float, after: float
) -> None:
    longer, busier = _sufficient(room, spread, before, after)
    assert longer is not None
    assert busier is not None
    assert spread**2 * (1 / before + 1 / (after * longer)) + 2 * DRIFT**2 == pytest.approx(room**2)
    assert spread**2 / busier * (1 / before + 1 / after) + 2 * DRIFT**2 == pytest.approx(room**2)


def test_what_no_length_and_no_rate_can_do_is_no_advice() -> None:
    assert _sufficient(0.0, 0.1, 3.0, 3.0) == (None, None)
    assert _sufficient(-0.1, 0.1, 3.0, 3.0) == (None, None)
    assert _sufficient(math.sqrt(2.0) * DRIFT * 0.999, 0.1, 3.0, 3.0) == (None, None)
    longer, busier = _sufficient(0.1, 0.2, 3.0, 3.0)
    assert longer is None, "the blocks before alone are too few"
    assert busier is not None
    for factor, told in ((0.999, True), (1.001, False)):
        needed = (1 / 3 + 1 / (3 * MAX_ADVICE * factor)) * 0.01**2 + 2 * DRIFT**2
        assert (_sufficient(math.sqrt(needed), 0.01, 3.0, 3.0)[0] is not None) is told
        needed = (1 / 3 + 1 / 3) / (MAX_ADVICE * factor) * 0.1**2 + 2 * DRIFT**2
        assert (_sufficient(math.sqrt(needed), 0.1, 3.0, 3.0)[1] is not None) is told


@pytest.mark.parametrize("many", [FEWEST, FEWEST + 1, 25, 60])
def test_a_trend_is_that_of_theil_and_sen_with_bounds_within_a_rank_of_scipys(many: int) -> None:
    random = np.random.default_rng(many)
    at = np.cumsum(random.uniform(0.5, 1.5, many))
    value = 0.1 * at + random.normal(0.0, 1.0, many)
    found = trend(at, value, 0.99)
    assert found is not None
    slopes = np.sort([(value[j] - value[i]) / (at[j] - at[i]) for i in range(many) for j in range(i + 1, many)])
    reference = scipy.stats.theilslopes(value, at, alpha=0.99)
    assert found.slope == pytest.approx(reference.slope)
    for ours, theirs in ((found.low, reference.low_slope), (found.high, reference.high_slope)):
        first, second = (int(np.abs(slopes - one).argmin()) for one in (ours, theirs))
        assert abs(first - second) <= 1
    assert trend(at[: FEWEST - 1], value[: FEWEST - 1], 0.99) is None


def test_points_at_the_same_time_have_no_slope_between_them() -> None:
    at = np.repeat(np.arange(10.0), 2)
    found = trend(at, 3.0 * at, 0.99)
    assert found is not None
    assert (found.slope, found.low, found.high) == pytest.approx((3.0, 3.0, 3.0))
    assert trend(np.zeros(20), np.arange(20.0), 0.99) is None


@pytest.mark.parametrize(
    ("many", "confidence", "ranks"),
    [(6, 0.999, (0, 14)), (9, 0.999, (2, 34)), (10, 0.95, (11, 34)), (20, 0.99, (55, 135))],
)
def test_the_bounds_of_a_trend_lie_at_sens_ranks(many: int, confidence: float, ranks: tuple[int, int]) -> None:
    at = np.cumsum(np.random.default_rng(1).uniform(0.5, 1.5, many))
    found = trend(at, at**2, confidence)
    assert found is not None
    slopes = sorted(at[j] + at[i] for i in range(many) for j in range(i + 1, many))
    assert (found.low, found.high) == pytest.approx((slopes[ranks[0]], slopes[ranks[1]]))
