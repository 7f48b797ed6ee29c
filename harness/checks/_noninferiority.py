"""Whether something is worse after than before by less than a tolerance, or by more, or neither can be told.

The values are logarithms of a quantile in successive blocks of time, or differences of two arms' logarithms: so a
difference of two means is the logarithm of a ratio.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.checks._intervals import t_quantile
from harness.verdict import Outcome

if TYPE_CHECKING:
    from harness.checks._blocks import Values

MIN_BLOCKS = 3  # blocks on each side
MOST_LAG = 0.8  # the lag-1 autocorrelation is taken for at most that
# So far two identical environments drift apart from one phase to another: the standard deviation of a phase's mean, as
# a logarithm (1.2 %). No phase shows its own drift. Left out, the median at the margin passes falsely in 9 to 15 % of
# the placements on recordings of the reference stack, and not in 5 %.
DRIFT = 0.012
NOTHING = 1e-18  # a sum of squares that is but rounding
POWER = 0.8  # with which what is said to suffice does
MAX_ADVICE = 20.0  # times as long: beyond that, "measure longer" is no advice


@dataclass(frozen=True, slots=True)
class ArmComparison:
    """What two rows of blocks say.

    Attributes:
        ratio: the estimate: how many times the value before.
        low, high: its one-sided bounds, each at the confidence that was asked for.
        outcome: pass if `high` is below the margin, fail if `low` is above it, else unknown.
        margin: 1 + tolerance.
        lag: the lag-1 autocorrelation that was reckoned with.
        blocks: how many there were before and after.
        longer: so many times the blocks after would have sufficed; None where no length would.
        busier: so many times the rate would have, roughly; None likewise.
    """

    ratio: float
    low: float
    high: float
    outcome: Outcome
    margin: float
    lag: float
    blocks: tuple[int, int]
    longer: float | None
    busier: float | None


def compare(before: Values, after: Values, tolerance: float, alpha: float) -> ArmComparison | None:
    """Compare two rows of blocks; None where there are too few, or one has no value.

    Args:
        before, after: natural logarithms, in the order of time.
        tolerance: 0.1 for a tenth worse.
        alpha: the error that is allowed for each bound.
    """
    if min(len(before), len(after)) < MIN_BLOCKS or not (_finite(before) and _finite(after)):
        return None
    lag, shrink = _dependence(before, after)
    n_before, n_after = len(before) * shrink, len(after) * shrink
    spread = _spread(before, after)
    df = max(1.0, (len(before) + len(after)) * shrink - 2.0)
    error = math.sqrt(spread**2 * (1.0 / n_before + 1.0 / n_after) + 2.0 * DRIFT**2)
    shift, margin, t = float(after.mean() - before.mean()), math.log1p(tolerance), t_quantile(1.0 - alpha, df)
    low, high = shift - t * error, shift + t * error
    outcome = Outcome.PASS if high < margin else Outcome.FAIL if low > margin else Outcome.UNKNOWN
    # What would do is reckoned for the smallest difference that these blocks allow: the estimate itself is as noisy as
    # they are.
    room = (margin - max(0.0, low)) / (t + t_quantile(POWER, df))
    longer, busier = _sufficient(room, spread, n_before, n_after)
    return ArmComparison(
        math.exp(shift), math.exp(low), math.exp(high), outcome, 1.0 + tolerance, lag,
        (len(before), len(after)), longer, busier,
    )  # fmt: skip


def _finite(row: Values) -> bool:
    return all(map(math.isfinite, row))


def _spread(before: Values, after: Values) -> float:
    """The pooled standard deviation of a block."""
    squares = float(((before - before.mean()) ** 2).sum() + ((after - after.mean()) ** 2).sum())
    return math.sqrt(squares / (len(before) + len(after) - 2))


def _dependence(before: Values, after: Values) -> tuple[float, float]:
    """The lag-1 autocorrelation, pooled over both rows, and by how much it shrinks the number of blocks that count:
    (1 - phi)/(1 + phi). Never below 0: blocks that alternate are no more evidence than independent ones.
    """
    products = squares = 0.0
    for row in (before, after):
        centred = row - row.mean()
        products += float((centred[1:] * centred[:-1]).sum())
        squares += float((centred**2).sum())
    if squares <= NOTHING:
        return 0.0, 1.0
    # The estimate from n values is too small by about (1 + 4 phi)/n, which matters for the short rows that are usual.
    n = len(before) + len(after)
    raw = products / squares
    lag = min(MOST_LAG, max(0.0, raw + (1.0 + 4.0 * max(0.0, raw)) / n if raw > 0.0 else raw))
    return lag, (1.0 - lag) / (1.0 + lag)


def certified(before: Values, block: float, tolerance: float, alpha: float) -> bool:
    """Whether a single block is within the tolerance of the mean of those before, at this error."""
    if len(before) < MIN_BLOCKS or not math.isfinite(block) or not _finite(before):
        return False
    error = math.sqrt(float(before.var(ddof=1)) * (1.0 + 1.0 / len(before)) + 2.0 * DRIFT**2)
    return block - float(before.mean()) + t_quantile(1.0 - alpha, len(before) - 1.0) * error < math.log1p(tolerance)


def _sufficient(room: float, spread: float, n_before: float, n_after: float) -> tuple[float | None, float | None]:
    """How many times as long after, or how many times the rate, would have brought the bound below the margin.

    Args:
        room: the error of the difference that would do, with `POWER`.
        spread: the standard deviation of a block.
    """
    left = room**2 - 2.0 * DRIFT**2  # no length and no rate makes two environments drift less
    if room <= 0.0 or left <= 0.0:
        return None, None
    needed = left / max(spread, 1e-9) ** 2  # what 1/n_before + 1/n_after may be
    busier = (1.0 / n_before + 1.0 / n_after) / needed
    left = needed - 1.0 / n_before
    longer = 1.0 / left / n_after if left > 0.0 else None
    return (longer if longer is not None and longer <= MAX_ADVICE else None, busier if busier <= MAX_ADVICE else None)
