"""A history with the load of a subject and of its control, whose latencies are drawn from a seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from harness.clock import ManualClock
from harness.history import Event, History
from harness.samples import FINAL, OK, Samples, Stream
from harness.samples.records import SAMPLE
from harness.verdict import Verdict
from suites.raw import raw

BASE, AFTER, GAP = 60.0, 30.0, 10.0


class Arms:
    """Sixty seconds of baseline, a gap, and a phase `rolled-back`.

    Args:
        slower: how many times the subject's latency is what it was, after the gap.
        at_first: the same for the first `recovering` seconds of the phase.
        machine: the same for both arms, after the gap.
        failing: the share of the subject's requests that fail after the gap.
        late: seconds by which the generator is late.
        history: where it is recorded; one of its own if None.
    """

    def __init__(
        self,
        *,
        slower: float = 1.0,
        at_first: float = 1.0,
        recovering: float = 0.0,
        machine: float = 1.0,
        failing: float = 0.0,
        late: float = 1e-4,
        rate: float = 100.0,
        base: float = BASE,
        after: float = AFTER,
        control: bool = True,
        spread: float = 0.3,
        seed: int = 0,
        sent: float = 1.0,
        history: History | None = None,
        phases: tuple[str, str] = ("baseline", "rolled-back"),
    ) -> None:
        self._random = np.random.default_rng(seed)
        self.after = (base + GAP, base + GAP + after)
        history, self.phases = history or History(clock=ManualClock()), phases
        self._streams: list[Stream] = []
        for arm, environment in (("subject", "h1"), ("control", "h2")) if control else (("subject", "h1"),):
            begun = {"at": 3.0, "began": 1000.0, "arm": arm, "environment": environment, "rate": rate, "timeout": 5.0}
            start = history.record(raw("workload.start", **begun))
            due = np.arange(0.0, self.after[1], 1.0 / rate)
            due = due[self._random.random(len(due)) < sent]
            made = np.zeros(len(due), SAMPLE)
            made["intended"], made["n"], made["flags"], made["outcome"] = due, np.arange(len(due)), FINAL | OK, 202
            wave = 1.0 + 0.05 * np.sin(due / 7.0)  # the machine's, which both arms share
            latency = 0.005 * np.exp(spread * self._random.standard_normal(len(due))) * wave
            latency[due >= self.after[0]] *= machine
            if arm == "subject":
                latency[due >= self.after[0]] *= slower
                early = (due >= self.after[0]) & (due < self.after[0] + recovering)
                latency[early] *= at_first
                bad = (due >= self.after[0]) & (self._random.random(len(due)) < failing)
                made["flags"][bad], made["outcome"][bad] = FINAL, 503
            made["latency"], made["sent"] = latency + late, late
            self._streams.append(Stream(start.id, environment, arm, 3.0, 1000.0, "", (), {}, made))
            if arm == "subject":
                self._window(history, start, phases[0], 0.0, base, due)
                self._window(history, start, phases[1], *self.after, due)
        self.events: tuple[Event, ...] = history.events

    @staticmethod
    def _window(
        history: History, start: Event, phase: str, begin: float, end: float, due: npt.NDArray[np.float64]
    ) -> None:
        first, last = np.searchsorted(due, [begin, end]).tolist()
        fields: dict[str, Any] = {"phase": phase, "environment": "h1", "start": start.id, "first": first, "last": last}
        history.record(raw("workload", **fields, began=1000.0 + begin, seconds=end - begin))

    @property
    def samples(self) -> Samples:
        return Samples(tuple(self._streams))

    def verdict(self, **parameters: Any) -> Verdict:
        from harness.checks.recovery import check

        return check(self.events, phase="rolled-back", samples=self.samples, **parameters)
