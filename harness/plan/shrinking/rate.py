"""How often a plan fails: counted, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

from harness.checks._intervals import share_interval

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class FailureRate:
    """So many of so many runs failed.

    Attributes:
        failed: runs that failed. of: runs that came to a verdict, pass or fail; what is unknown is neither.
    """

    failed: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """The two-sided 95 % interval of the rate (Clopper-Pearson), as shares; (0, 1) of nothing."""
        return share_interval(self.failed, self.of, 1.0 - (1.0 - CONFIDENCE) / 2.0)

    def __str__(self) -> str:
        if not self.of:
            return "no run came to a verdict"
        low, high = (f"{100.0 * one:.0f}" for one in self.interval)
        return f"fails {self.failed} of {self.of}, 95 % interval {low} to {high} %"
