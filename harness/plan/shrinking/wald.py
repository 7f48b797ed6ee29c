"""Wald's sequential probability ratio test: whether a plan fails about as often as the one that it was made of.

After every run it says whether that is shown, refuted, or needs more runs. Where neither boundary is reached after
`MOST` runs, the plan counts as one that does not fail often enough: then a step that could go may stay, but none goes
that matters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

ALPHA = BETA = 0.05  # of keeping what does not fail, and of giving up what does
RARE = 0.04  # the share of runs at which a plan counts as one that does not fail
HIGHEST = 0.95  # a plan that failed every time may pass the next time
LOWEST = 0.12  # below that it takes more runs than anybody waits for to tell it from RARE
MOST = 30  # runs of one plan

Decision = Literal["fails", "does not"]


@dataclass(frozen=True, slots=True)
class Wald:
    """The test of one plan.

    Attributes:
        p1: how often it has to fail, as a share: the rate of the plan that it was made of.
        p0: at which rate it counts as one that does not fail.
        alpha: the chance to keep a plan that fails at p0. beta: to give up one that fails at p1.
        most: runs after which it is given up.
    """

    p1: float
    p0: float = RARE
    alpha: float = ALPHA
    beta: float = BETA
    most: int = MOST

    @classmethod
    def of_rate(cls, rate: float) -> Wald:
        """The test against a measured rate, as a share."""
        return cls(min(HIGHEST, max(LOWEST, rate)))

    def decide(self, failed: int, passed: int) -> Decision | None:
        """What so many runs show; None where they show nothing yet."""
        ratio = self._ratio(failed, passed)
        if ratio >= math.log((1.0 - self.beta) / self.alpha):
            return "fails"
        if ratio <= math.log(self.beta / (1.0 - self.alpha)) or failed + passed >= self.most:
            return "does not"
        return None

    def fewest(self, failed: int, passed: int) -> int:
        """How many further runs can bring a decision at the earliest; 0 where there is one."""
        return next(
            more
            for more in range(self.most + 1)
            if self.decide(failed + more, passed) or self.decide(failed, passed + more)
        )

    def _ratio(self, failed: int, passed: int) -> float:
        return failed * math.log(self.p1 / self.p0) + passed * math.log((1.0 - self.p1) / (1.0 - self.p0))
