"""How long plans really take, held against what was thought of them before."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

LAST = 20  # plans that count: a machine is not as busy at night as by day


@dataclass(slots=True)
class Pace:
    """What the last plans took, and what they were estimated at."""

    _seen: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=LAST))

    def took(self, estimated: float, seconds: float) -> None:
        """A plan was run to its end."""
        if estimated > 0.0 and seconds > 0.0:
            self._seen.append((estimated, seconds))

    def expected(self, estimated: float) -> float:
        """How long a plan with this estimate is likely to take; the estimate itself where none was run yet."""
        thought = sum(one for one, _ in self._seen)
        return estimated * sum(took for _, took in self._seen) / thought if thought else estimated
