"""Latencies in blocks of time: what two phases, and two arms, are compared by."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.samples import FINAL, KEPT_CLOSED, OK, Stream

SECONDS = 5.0  # of a block
MOST_JOINED = 12  # blocks that are joined at most, so that a quantile has enough requests
# So many requests bound a quantile from above with 95 % confidence: 0.5 ** n, 0.95 ** n, 0.99 ** n below 5 %.
SMALLEST = {"p50": 5, "p95": 59, "p99": 299}
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ArmRequests:
    """The requests of one arm, by the time at which they were due.

    Attributes:
        due: seconds on the history's axis, sorted.
        latency: seconds from then to the end of the last attempt; of a failed one at least its timeout.
        ok: whether it was answered as it should be.
        lateness: seconds by which the generator itself sent it late.
    """

    due: Values
    latency: Values
    ok: npt.NDArray[np.bool_]
    lateness: Values

    @classmethod
    def of(cls, streams: Iterable[Stream], timeouts: Mapping[int, float]) -> ArmRequests:
        """All requests of some workloads.

        Args:
            timeouts: by the id of the workload's start, seconds; a failed request counts as at least that slow, or the
                fastest way to a good quantile would be to refuse everything.
        """
        parts: list[tuple[Values, Values, npt.NDArray[np.bool_], Values]] = []
        for stream in streams:
            last = stream.records[stream.records["flags"] & FINAL != 0]
            last = last[(last["outcome"] != KEPT_CLOSED) | (last["flags"] & OK != 0)]  # what came of it is not known
            ok = last["flags"] & OK != 0
            latency = last["latency"].astype(np.float64)
            slow = np.where(ok, latency, np.maximum(latency, timeouts.get(stream.start, 0.0)))
            parts.append((stream.at + last["intended"], slow, ok, last["sent"].astype(np.float64)))
        if not parts:
            empty = np.empty(0)
            return cls(empty, empty, np.empty(0, np.bool_), empty)
        due, latency, ok, lateness = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.argsort(due, kind="stable")
        return cls(due[order], latency[order], ok[order], lateness[order])

    def between(self, start: float, end: float) -> ArmRequests:
        """Those that were due from `start` to before `end`."""
        low, high = np.searchsorted(self.due, [start, end])
        part = slice(int(low), int(high))
        return ArmRequests(self.due[part], self.latency[part], self.ok[part], self.lateness[part])

    def quantile(self, name: str) -> float:
        """The quantile of all latencies, by the nearest rank; NaN where there is none."""
        return quantile(np.sort(self.latency), QUANTILES[name])


def quantile(ordered: Values, q: float) -> float:
    """The nearest-rank quantile of sorted values; NaN of none."""
    return float(ordered[max(0, math.ceil(q * len(ordered)) - 1)]) if len(ordered) else math.nan


def block_seconds(arms: Sequence[ArmRequests], spans: Sequence[tuple[float, float]], name: str) -> float | None:
    """How long a block has to be so that each has enough requests for a quantile: a multiple of `SECONDS`.

    None where even the longest has not.
    """
    for joined in range(1, MOST_JOINED + 1):
        seconds = joined * SECONDS
        if all(_fewest(arm, span, seconds) >= SMALLEST[name] for arm in arms for span in spans):
            return seconds
    return None


def _fewest(arm: ArmRequests, span: tuple[float, float], seconds: float) -> int:
    counts = np.diff(np.searchsorted(arm.due, edges(span, seconds)))
    return int(counts.min()) if len(counts) else 0


def edges(span: tuple[float, float], seconds: float) -> Values:
    """The edges of the whole blocks in a stretch of time; those that do not fit are left off at its end."""
    whole = max(0, int((span[1] - span[0]) / seconds + 1e-6))
    return np.asarray(span[0] + seconds * np.arange(whole + 1), dtype=np.float64)


def logs(arm: ArmRequests, span: tuple[float, float], seconds: float, name: str) -> Values:
    """The logarithm of a quantile in each whole block of a stretch; NaN for one without requests."""
    cuts = np.searchsorted(arm.due, edges(span, seconds))
    found = [quantile(np.sort(arm.latency[a:b]), QUANTILES[name]) for a, b in itertools.pairwise(cuts)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.log(np.asarray(found, dtype=np.float64))
