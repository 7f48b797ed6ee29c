"""How often methods say "recovered", on recordings of two identical systems into which a degradation is multiplied.

What is true is known: at exactly the tolerated degradation a method may say so in 5 % of the cases, at more it should
never, and at none it should always.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.checks._blocks import QUANTILES, ArmRequests, Values, quantile
from harness.checks._noninferiority import compare
from harness.history import EVENTS, read
from harness.samples import read as read_samples
from harness.verdict import Outcome

QUIET = Path(__file__).parent / "data" / "aa_quiet.npz"
BLOCK = 5.0  # s
SECOND = 60.0  # s of the second look; where recovery may take no time, it follows the first
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Recording:
    """Two arms: when each request was due, and its latency; both sorted by time."""

    due: tuple[Floats, Floats]
    latency: tuple[Floats, Floats]

    @classmethod
    def load(cls, path: Path = QUIET) -> Recording:
        raw = np.load(path)
        order = np.argsort(raw["t"], kind="stable")
        t, arm, latency = (np.asarray(raw[name][order], dtype=np.float64) for name in ("t", "arm", "lat"))
        return cls((t[arm == 0], t[arm == 1]), (latency[arm == 0], latency[arm == 1]))

    @classmethod
    def of_run(cls, directory: Path) -> Recording:
        """The subject's and the control's load of a saved run, both on their old release all the time they shared."""
        samples = read_samples(directory, read(directory / EVENTS))
        arms = [
            ArmRequests.of([one for one in samples.streams if one.arm == arm], {}) for arm in ("subject", "control")
        ]
        start = max(float(arm.due[0]) for arm in arms)
        parts = [arm.between(start, math.inf) for arm in arms]
        due = [part.due - start for part in parts]
        return cls((due[0], due[1]), (parts[0].latency, parts[1].latency))

    @property
    def end(self) -> float:
        return float(min(due[-1] for due in self.due))

    def part(self, arm: int, start: float, seconds: float) -> Floats:
        low, high = np.searchsorted(self.due[arm], [start, start + seconds])
        return np.asarray(self.latency[arm][low:high])


@dataclass(frozen=True)
class Case:
    """One placement of the two phases in a recording, and how many times slower the subject is after."""

    recording: Recording
    subject: int
    before: tuple[float, float]  # start and seconds
    after: tuple[float, float]
    factor: float

    def latencies(self, arm: int, phase: str) -> Floats:
        start, seconds = self.before if phase == "before" else self.after
        found = self.recording.part(arm, start, seconds)
        return np.asarray(found * (self.factor if arm == self.subject and phase == "after" else 1.0))

    def blocks(self, arm: int, phase: str, name: str) -> Values:
        """The logarithm of a quantile in each block of a phase."""
        start, seconds = self.before if phase == "before" else self.after
        times = self.factor if arm == self.subject and phase == "after" else 1.0
        found = [
            times * quantile(np.sort(self.recording.part(arm, start + n * BLOCK, BLOCK)), QUANTILES[name])
            for n in range(int(seconds / BLOCK))
        ]
        return np.log(np.asarray(found, dtype=np.float64))


Method = Callable[[Case, str, float], bool]


def first_look(case: Case, name: str, tolerance: float) -> bool:
    """What the check `recovery` says at the first of its two looks: each has half of the error that is allowed."""
    return paired(case, name, tolerance, 0.025)


def paired(case: Case, name: str, tolerance: float, alpha: float = 0.05) -> bool:
    """Non-inferiority by the differences of the arms."""
    ours, theirs = case.subject, 1 - case.subject
    rows = [case.blocks(ours, phase, name) - case.blocks(theirs, phase, name) for phase in ("before", "after")]
    found = compare(rows[0], rows[1], tolerance, alpha)
    return found is not None and found.outcome is Outcome.PASS


def both_looks(case: Case, name: str, tolerance: float) -> bool:
    """The check as a whole: where the first look is no pass it looks once more, at twice as much that comes later."""
    start, seconds = case.after
    later = replace(case, after=(start + seconds, SECOND))
    return first_look(case, name, tolerance) or first_look(later, name, tolerance)


def unpaired(case: Case, name: str, tolerance: float) -> bool:
    """The same without a control."""
    rows = [case.blocks(case.subject, phase, name) for phase in ("before", "after")]
    found = compare(rows[0], rows[1], tolerance, 0.05)
    return found is not None and found.outcome is Outcome.PASS


def three_good_windows(case: Case, name: str, tolerance: float) -> bool:
    """Three consecutive blocks within the tolerance of the baseline's value."""
    base = quantile(np.sort(case.latencies(case.subject, "before")), QUANTILES[name])
    good = np.exp(case.blocks(case.subject, "after", name)) <= base * (1 + tolerance)
    return any(good[n : n + 3].all() for n in range(len(good) - 2))


def mann_whitney_before(case: Case, name: str, tolerance: float) -> bool:
    """No significant difference from the baseline, or not beyond the tolerance."""
    before, after = (case.latencies(case.subject, phase) for phase in ("before", "after"))
    return _not_worse(before, after, name, tolerance)


def mann_whitney_control(case: Case, name: str, tolerance: float) -> bool:
    """No significant difference from the control at the same time, or not beyond the tolerance."""
    return _not_worse(case.latencies(1 - case.subject, "after"), case.latencies(case.subject, "after"), name, tolerance)


def _not_worse(ground: Floats, found: Floats, name: str, tolerance: float) -> bool:
    # As judges of canaries do: different only if the test says so and the quantile moved by more than is tolerated.
    moved = quantile(np.sort(found), QUANTILES[name]) / quantile(np.sort(ground), QUANTILES[name])
    return moved <= 1 + tolerance or _p_greater(found, ground) >= 0.02


def _p_greater(a: Floats, b: Floats) -> float:
    """One-sided Mann-Whitney, by the normal approximation: that `a` is not larger."""
    both = np.concatenate([a, b])
    ranks = np.empty(len(both))
    ranks[np.argsort(both, kind="stable")] = np.arange(1, len(both) + 1)
    u = ranks[: len(a)].sum() - len(a) * (len(a) + 1) / 2
    mean, spread = len(a) * len(b) / 2, math.sqrt(len(a) * len(b) * (len(a) + len(b) + 1) / 12)
    return 0.5 * math.erfc((u - mean) / spread / math.sqrt(2))


METHODS: Mapping[str, Method] = {
    "three good windows": three_good_windows,
    "Mann-Whitney, before and after": mann_whitney_before,
    "Mann-Whitney, against the control": mann_whitney_control,
    "unpaired non-inferiority": unpaired,
    "paired non-inferiority": paired,
    "the check, at its first look": first_look,
    "the check, with its second look": both_looks,
}


def cases(
    recording: Recording, count: int, factor: float, *, base: float = 60.0, hold: float = 30.0, seed: int = 0
) -> Iterator[Case]:
    """Placements drawn by the seed: a baseline somewhere, and the phase after it, ten seconds later or more."""
    draw = np.random.default_rng(seed)
    for _ in range(count):
        start = draw.uniform(0.0, recording.end - base - 10.0 - hold - SECOND)
        after = draw.uniform(start + base + 10.0, recording.end - hold - SECOND)
        yield Case(recording, int(draw.integers(2)), (start, base), (after, hold), factor)


def rate(method: Method, found: Iterator[Case], name: str, tolerance: float) -> tuple[float, int]:
    """The share of cases in which a method says "recovered", and their number."""
    said = [method(case, name, tolerance) for case in found]
    return float(np.mean(said)), len(said)
