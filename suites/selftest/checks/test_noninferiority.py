"""The comparison of two rows of blocks: what must hold whatever they are, and how often it errs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.checks._noninferiority import DRIFT, certified, compare
from harness.verdict import Outcome

values = st.floats(-5.0, 5.0)
rows = st.integers(3, 40).flatmap(lambda n: arrays(np.float64, n, elements=values))
tolerances = st.floats(0.01, 1.0)
ORDER = {Outcome.PASS: 0, Outcome.UNKNOWN: 1, Outcome.FAIL: 2}


@given(rows, rows, tolerances, st.floats(0.001, 2.0))
def test_worse_is_never_better(before: np.ndarray, after: np.ndarray, tolerance: float, worse: float) -> None:
    one, two = compare(before, after, tolerance, 0.05), compare(before, after + worse, tolerance, 0.05)
    assert one is not None
    assert two is not None
    assert ORDER[one.outcome] <= ORDER[two.outcome]


@given(rows, rows, tolerances, st.floats(-3.0, 3.0))
def test_the_unit_of_the_latencies_does_not_matter(
    before: np.ndarray, after: np.ndarray, tolerance: float, unit: float
) -> None:
    one, two = compare(before, after, tolerance, 0.05), compare(before + unit, after + unit, tolerance, 0.05)
    assert one is not None
    assert two is not None
    assert one.high == pytest.approx(two.high, rel=1e-6)


@given(rows, rows)
def test_the_other_way_round_the_bounds_change_places(before: np.ndarray, after: np.ndarray) -> None:
    one, two = compare(before, after, 0.1, 0.05), compare(after, before, 0.1, 0.05)
    assert one is not None
    assert two is not None
    assert one.low == pytest.approx(1 / two.high, rel=1e-6)
    assert one.low <= one.ratio <= one.high


@given(rows, rows, tolerances, tolerances)
def test_who_tolerates_more_passes_more(before: np.ndarray, after: np.ndarray, a: float, b: float) -> None:
    strict, lenient = (compare(before, after, one, 0.05) for one in sorted((a, b)))
    assert strict is not None
    assert lenient is not None
    assert ORDER[lenient.outcome] <= ORDER[strict.outcome]


@given(rows, rows, st.floats(0.001, 0.04), st.floats(0.05, 0.4))
def test_more_confidence_needs_more_evidence(before: np.ndarray, after: np.ndarray, sure: float, less: float) -> None:
    one, two = compare(before, after, 0.1, sure), compare(before, after, 0.1, less)
    assert one is not None
    assert two is not None
    assert one.high >= two.high - 1e-12


@pytest.mark.parametrize("bad", [[], [0.1], [0.1, 0.2], [0.1, math.nan, 0.2], [0.1, math.inf, 0.2], [-math.inf] * 5])
def test_what_cannot_be_compared_is_nothing_and_no_crash(bad: list[float]) -> None:
    good = np.array([0.1, 0.2, 0.15, 0.12])
    assert compare(good, np.array(bad), 0.1, 0.05) is None
    assert compare(np.array(bad), good, 0.1, 0.05) is None
    assert not certified(np.array(bad), 0.1, 0.1, 0.05)


def test_equal_blocks_without_any_noise_pass() -> None:
    found = compare(np.zeros(12), np.zeros(6), 0.1, 0.05)
    assert found is not None
    assert found.outcome is Outcome.PASS


def _drawn(phi: float, count: int, seed: int, shift: float) -> tuple[int, int]:
    """How often an autoregressive noise of 4 % passes and fails at a margin of 10 %."""
    draw, passed, failed = np.random.default_rng(seed), 0, 0
    for _ in range(count):
        noise = np.empty(18)
        noise[0] = draw.normal(0.0, 0.04)
        for n in range(1, 18):
            noise[n] = phi * noise[n - 1] + draw.normal(0.0, 0.04 * math.sqrt(1 - phi**2))
        found = compare(noise[:12], noise[12:] + shift, 0.1, 0.05)
        assert found is not None
        passed += found.outcome is Outcome.PASS
        failed += found.outcome is Outcome.FAIL
    return passed, failed


@pytest.mark.parametrize(("phi", "most"), [(0.0, 0.06), (0.3, 0.08), (0.6, 0.14)])
def test_at_the_margin_the_bounds_err_about_as_often_as_they_say_also_where_blocks_depend_on_each_other(
    phi: float, most: float
) -> None:
    """2000 drawings; three standard errors are 1.5 to 2.3 points. 18 blocks say little of their own dependence."""
    passed, failed = _drawn(phi, 2000, 7, math.log(1.1))
    assert passed / 2000 <= most + 0.02
    assert failed / 2000 <= most + 0.02


def test_what_is_as_it_was_passes_and_what_is_far_worse_fails() -> None:
    assert _drawn(0.2, 300, 3, 0.0)[0] >= 265
    assert _drawn(0.2, 300, 3, math.log(1.3))[1] >= 265


def test_a_drift_that_no_phase_shows_is_allowed_for() -> None:
    """Blocks without any noise, a little below the margin: two environments that are the same may differ by as much."""
    still = np.zeros(12)
    close, clear = (compare(still, np.full(6, math.log(1.1) - room), 0.1, 0.05) for room in (DRIFT, 4 * DRIFT))
    assert close is not None
    assert clear is not None
    assert (close.outcome, clear.outcome) == (Outcome.UNKNOWN, Outcome.PASS)
    assert (close.longer, close.busier) == (None, None), "no length and no rate takes a drift away"


def test_what_is_said_to_suffice_does() -> None:
    """Noise of 12 % in six blocks is too much; so many times as many blocks as it says are enough in most cases."""
    draw = np.random.default_rng(5)
    asked = enough = 0
    for _ in range(200):
        before = draw.normal(0.0, 0.12, 60)
        short = compare(before, draw.normal(0.0, 0.12, 6), 0.1, 0.05)
        assert short is not None
        if short.outcome is Outcome.UNKNOWN and short.longer is not None:
            more = compare(before, draw.normal(0.0, 0.12, math.ceil(6 * short.longer)), 0.1, 0.05)
            assert more is not None
            asked += 1
            enough += more.outcome is Outcome.PASS
    assert asked >= 30
    assert enough / asked >= 0.6, "80 % on average, if the noise is as it was estimated"
