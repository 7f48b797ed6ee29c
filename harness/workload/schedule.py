"""When requests are due: laid down beforehand, and never waiting for the system that gets them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.errors import UsageError
from harness.workload.access_log import times_of

MAX_REQUESTS = 5_000_000  # requests of one workload; bounds its memory

Times = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A plan of arrivals. Rates are requests per second, times seconds.

    Attributes:
        kind: `constant`: evenly spaced. `poisson`: independent arrivals, drawn by the seed. `ramp`: from `rate` to `to`
            within `over`, and on at `to`. `step`: each rate of `steps` for its time, the last one on. `replay`: as in
            an access log.
        rate: of constant and Poisson arrivals, and where a ramp begins.
        to, over: of a ramp.
        steps: pairs of seconds and rate.
        file, speed: of a replay: the log, and how many times as fast.
    """

    kind: str = "constant"
    rate: float = 10.0
    to: float = 0.0
    over: float = 0.0
    steps: tuple[tuple[float, float], ...] = ()
    file: str = ""
    speed: float = 1.0

    def times(self, limit: float, seed: int) -> Times:
        """When each request is due, in seconds since the beginning, ascending, up to `limit`.

        Raises:
            UsageError: these are more than `MAX_REQUESTS`, or the access log cannot be replayed.
        """
        made = {
            "constant": self._constant, "poisson": self._poisson, "ramp": self._ramp, "step": self._step,
            "replay": self._replay,
        }[self.kind](limit, seed)  # fmt: skip
        return np.asarray(made, dtype=np.float64)

    @property
    def usual(self) -> float:
        """The rate that it settles at; 0 for a replay, whose rate is that of its log."""
        return {"ramp": self.to, "step": self.steps[-1][1] if self.steps else 0.0, "replay": 0.0}.get(
            self.kind, self.rate
        )

    def problem(self, limit: float) -> tuple[str, object, str] | None:
        """What is wrong with it: where, what was got, what was expected. None where nothing is."""
        numbers = [self.rate, self.speed, *(value for step in self.steps for value in step)]
        if self.kind == "ramp":
            numbers += [self.to, self.over]
        if not all(math.isfinite(number) and number > 0 for number in numbers):
            return "rate", numbers, "numbers above 0"
        if self.kind == "step" and not self.steps:
            return "steps", self.steps, "at least one pair of a duration and a rate"
        if self.kind == "replay" and not self.file:
            return "replay", self.file, "the path of an access log"
        most = max([self.rate, self.to, *(rate for _, rate in self.steps)]) * limit
        return ("rate * limit", most, f"at most {MAX_REQUESTS} requests") if most > MAX_REQUESTS else None

    def _constant(self, limit: float, _seed: int) -> Times:
        return np.asarray(np.arange(int(limit * self.rate)) / self.rate, dtype=np.float64)

    def _poisson(self, limit: float, seed: int) -> Times:
        draw = np.random.default_rng(seed)
        made: Times = np.empty(0)
        while not len(made) or made[-1] < limit:
            gaps = draw.exponential(1.0 / self.rate, int(limit * self.rate * 1.1) + 16)
            made = np.concatenate([made, (made[-1] if len(made) else 0.0) + np.cumsum(gaps)])
        return np.asarray(made[: int(np.searchsorted(made, limit))], dtype=np.float64)

    def _ramp(self, limit: float, _seed: int) -> Times:
        """The n-th request is due when the area under the rate is n."""
        begin, slope = self.rate, (self.to - self.rate) / self.over
        within = begin * self.over + slope * self.over**2 / 2.0
        count = int(within + self.to * max(0.0, limit - self.over)) + 1
        n = np.arange(count, dtype=np.float64)
        on = n[n <= within]
        root = np.sqrt(np.maximum(0.0, begin**2 + 2.0 * slope * on))
        rising = 2.0 * on / (begin + root)  # the solution of the square equation that does not divide by the slope
        made = np.concatenate([rising, self.over + (n[n > within] - within) / self.to])
        return made[: int(np.searchsorted(made, limit))]

    def _step(self, limit: float, _seed: int) -> Times:
        ends = np.cumsum([0.0, *(seconds for seconds, _ in self.steps)])
        done = np.cumsum([0.0, *(seconds * rate for seconds, rate in self.steps)])
        if ends[-1] < limit:
            done = np.append(done, done[-1] + (limit - ends[-1]) * self.steps[-1][1])
            ends = np.append(ends, limit)
        made = np.interp(np.arange(int(done[-1]) + 1, dtype=np.float64), done, ends)
        return np.asarray(made[: int(np.searchsorted(made, limit))], dtype=np.float64)

    def _replay(self, limit: float, _seed: int) -> Times:
        made = times_of(Path(self.file), MAX_REQUESTS) / self.speed
        made = made[: int(np.searchsorted(made, limit))]
        if not len(made):
            raise UsageError("The access log has no request to replay", where=self.file)
        return made
