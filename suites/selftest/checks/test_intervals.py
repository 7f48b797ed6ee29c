"""The statistics' own arithmetic, against scipy."""

from __future__ import annotations

import math

import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from harness.checks._intervals import beta_cdf, beta_quantile, share_interval, t_quantile

probabilities = st.floats(0.0005, 0.9995)
freedoms = st.floats(0.5, 5000.0)


@given(probabilities, freedoms)
def test_quantiles_of_students_t_are_those_of_scipy(p: float, df: float) -> None:
    assert t_quantile(p, df) == pytest.approx(float(scipy.special.stdtrit(df, p)), rel=1e-7, abs=1e-6)


@given(probabilities, freedoms)
def test_students_t_is_symmetrical(p: float, df: float) -> None:
    assert t_quantile(p, df) == pytest.approx(-t_quantile(1 - p, df), rel=1e-9, abs=1e-6)


@given(st.floats(0.0, 1.0), st.floats(0.5, 3000.0), st.floats(0.5, 3000.0))
def test_the_beta_distribution_is_that_of_scipy(x: float, a: float, b: float) -> None:
    assert beta_cdf(x, a, b) == pytest.approx(float(scipy.special.betainc(a, b, x)), rel=1e-8, abs=1e-12)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (1.0, 9.0), (9.0, 1.0)])
def test_nothing_lies_below_none_and_everything_below_all(a: float, b: float) -> None:
    assert (beta_cdf(-0.5, a, b), beta_cdf(0.0, a, b), beta_cdf(1.0, a, b), beta_cdf(1.5, a, b)) == (0.0, 0.0, 1.0, 1.0)


@given(probabilities, st.floats(0.5, 3000.0), st.floats(0.5, 3000.0))
def test_quantiles_of_the_beta_distribution_are_those_of_scipy(p: float, a: float, b: float) -> None:
    assert beta_quantile(p, a, b) == pytest.approx(float(scipy.special.betaincinv(a, b, p)), rel=1e-8)


@given(st.integers(0, 20_000), st.integers(1, 20_000), st.floats(0.5, 0.999))
def test_the_interval_of_a_share_is_clopper_and_pearsons(count: int, of: int, confidence: float) -> None:
    count = min(count, of)
    low, high = share_interval(count, of, confidence)
    wanted = (
        float(scipy.special.betaincinv(count, of - count + 1, 1 - confidence)) if count else 0.0,
        float(scipy.special.betaincinv(count + 1, of - count, confidence)) if count < of else 1.0,
    )
    assert (low, high) == pytest.approx(wanted, rel=1e-8)
    assert 0 <= low <= count / of <= high <= 1


def test_the_figures_that_people_know() -> None:
    assert share_interval(0, 3000, 0.95)[1] == pytest.approx(0.000998, abs=1e-6)
    assert t_quantile(0.95, 16) == pytest.approx(1.745884, abs=1e-6)
    assert share_interval(0, 0, 0.95) == (0.0, 1.0)


@pytest.mark.parametrize(("p", "df"), [(0.0, 5), (1.0, 5), (0.5, 0), (math.nan, 5)])
def test_what_has_no_quantile_is_refused(p: float, df: float) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        t_quantile(p, df)
