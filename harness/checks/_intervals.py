"""Quantiles of Student's t and of the Beta distribution, and the interval of a share. Pure arithmetic."""

from __future__ import annotations

import math
from functools import lru_cache

_TINY = 1e-300
_CLOSE = 1e-15
_MOST = 20_000  # terms of the continued fraction; it takes about the root of the larger parameter


@lru_cache(maxsize=4096)
def t_quantile(p: float, df: float) -> float:
    """The value below which a Student's t with `df` degrees of freedom (> 0) lies with probability `p` (0 < p < 1)."""
    if not (0.0 < p < 1.0 and df > 0.0):
        raise ValueError(f"no quantile {p} of Student's t with {df} degrees of freedom")
    if p == 0.5:
        return 0.0
    if p < 0.5:
        return -t_quantile(1.0 - p, df)
    x = beta_quantile(2.0 * (1.0 - p), df / 2.0, 0.5)
    return math.sqrt(df * (1.0 - x) / x) if x > 0.0 else math.inf


def share_interval(count: int, of: int, confidence: float) -> tuple[float, float]:
    """One-sided bounds of a share, both at this confidence (Clopper-Pearson): at least, and at most. (0, 1) of nothing.

    0 of 3000 at 95 % gives at most 0.1 %.
    """
    if of <= 0:
        return 0.0, 1.0
    alpha = 1.0 - confidence
    low = 0.0 if count <= 0 else beta_quantile(alpha, float(count), float(of - count + 1))
    high = 1.0 if count >= of else beta_quantile(confidence, float(count + 1), float(of - count))
    return low, high


@lru_cache(maxsize=4096)
def beta_quantile(p: float, a: float, b: float) -> float:
    """The value below which a Beta(a, b) lies with probability `p`: by Newton's steps, and by bisection where one would
    leave the bounds within which it is known to be.
    """
    low, high, x = 0.0, 1.0, 0.5
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    while True:
        over = beta_cdf(x, a, b) - p
        low, high = (x, high) if over < 0.0 else (low, x)
        density = math.exp(scale + (a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x))
        found = x - over / density if density > 0.0 else low
        if not low < found < high:
            found = (low + high) / 2.0
        if found in (low, high) or abs(found - x) < _CLOSE * x or high < _TINY:
            return found
        x = found


def beta_cdf(x: float, a: float, b: float) -> float:
    """The probability that a Beta(a, b) lies below x: the regularised incomplete beta function."""
    if x <= 0.0:
        return 0.0
    if x > (a + 1.0) / (a + b + 2.0):  # there the fraction converges slowly, and by symmetry need not be used
        return 1.0 - beta_cdf(1.0 - x, b, a)
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(scale) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction 1 + d1/(1 + d2/(1 + ...)) of the incomplete beta function, from the front (Lentz)."""
    value, above, below = 1.0, 1.0, 0.0
    for k in range(1, _MOST):
        m = k // 2
        term = (-(a + m) * (a + b + m) if k % 2 else m * (b - m)) * x / ((a + k - 1) * (a + k))
        below = 1.0 / (1.0 + term * below or _TINY)
        above = 1.0 + term / above or _TINY
        value *= above * below
        if abs(above * below - 1.0) < _CLOSE:
            break
    return value
