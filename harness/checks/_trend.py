"""Whether a figure grows, and how fast: a line through its points that no single point can turn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Values = npt.NDArray[np.float64]

FEWEST = 6  # points; fewer have no slope


@dataclass(frozen=True, slots=True)
class Trend:
    """A slope, per second, with the bounds between which it lies at the confidence that was asked for."""

    slope: float
    low: float
    high: float


def trend(at: Values, value: Values, confidence: float) -> Trend | None:
    """The median of the slopes of all pairs of points (Theil, Sen), with Sen's bounds; None of too few points."""
    import numpy as np

    n = len(at)
    if n < FEWEST:
        return None
    first, second = np.triu_indices(n)  # a point and itself are no step apart
    steps = at[second] - at[first]
    kept = steps > 0.0
    slopes = np.sort((value[second] - value[first])[kept] / steps[kept])
    if not len(slopes):
        return None
    # The spread of Kendall's S, by which ranks of the sorted slopes bound the true one.
    reach = NormalDist().inv_cdf(0.5 + confidence / 2.0) * math.sqrt(n * (n - 1) * (2 * n + 5) / 18.0)
    low = max(0, math.floor((len(slopes) - reach) / 2.0))
    high = min(len(slopes) - 1, math.ceil((len(slopes) + reach) / 2.0))
    return Trend(float(np.median(slopes)), float(slopes[low]), float(slopes[high]))
