"""Histories under a witness, and requests one by one."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness import checks
from harness.clock import ManualClock
from harness.history import History
from harness.samples import FINAL, OK, Samples, Stream
from harness.samples.records import SAMPLE
from harness.verdict import Verdict
from harness.workload.samples import RunningSamples as Running
from suites.raw import raw
from suites.selftest.checks.builder import Made

PROMISES = tuple((n, f"k-{n}") for n in range(10))


def witness(made: Made, share: float = 0.0, *, busy: float = 1.0, seconds: int = 200, first: int = 0) -> Made:
    """A report for each second, in which the machine stood still for this share of it."""
    for at in range(first, first + seconds):
        made.history.record(
            raw(
                "witness",
                environment="h1",
                place="door",
                begin=float(at),
                end=at + 1.0,
                stood=share,
                busy=busy,
                steal=0.0,
            )
        )
    return made


def before(share: float) -> Made:
    """Two minutes under a witness; then something happens."""
    made = witness(Made(), share)
    made.clock.advance(100.0)
    return made


def judged(name: str, made: Made, **parameters: Any) -> Verdict:
    samples = parameters.pop("samples", Samples())
    return checks.call(checks.find(name), made.events, samples, "deployed", parameters)


def acknowledged(
    later: float = 60.0, flags: int = OK | FINAL, latency: float = 0.0, **stream: Any
) -> tuple[History, Stream]:
    """A history, `later` seconds old, and ten requests in its first second that each promised a piece of work."""
    clock = ManualClock()
    history = History(clock=clock)
    start = history.record(raw("workload.start", environment="h1"))
    clock.advance(later)
    records = np.zeros(10, SAMPLE)
    records["n"], records["intended"], records["flags"] = np.arange(10), np.arange(10) / 10, flags
    records["latency"] = latency
    given = {"promises": PROMISES, **stream}
    return history, Stream(start.id, "h1", "subject", 0.0, 0.0, "k", (), {}, records, **given)


class Requests:
    """Fifty requests a second for twenty seconds from second 50 on, the first ten of them the baseline."""

    def __init__(self, share: float = 0.01) -> None:
        self.made = before(share)
        self.history: History = self.made.history
        self.rows = np.zeros(1000, SAMPLE)
        self.rows["n"], self.rows["intended"] = np.arange(1000), np.arange(1000) / 50
        self.rows["latency"], self.rows["outcome"], self.rows["flags"] = 0.01, 200, OK | FINAL
        self.kinds: tuple[str, ...] = ()
        self.servers: dict[int, str] = {}
        self.start = self.history.record(
            raw("workload.start", file="samples.bin", at=50.0, began=1000.0, arm="subject", rate=50.0, timeout=5.0)
        )

    def at(self, begin: float, end: float) -> Any:
        """The requests that were due between two seconds."""
        return (self.rows["intended"] >= begin) & (self.rows["intended"] < end)

    def freeze(self, begin: float, end: float) -> None:
        """Answers come when the service runs again."""
        part = self.at(begin, end)
        self.rows["latency"][part] = end - self.rows["intended"][part] + 0.01

    def stop_generator(self, begin: float, end: float) -> None:
        """It sends what was due when it runs again."""
        part = self.at(begin, end)
        self.rows["sent"][part] = end - self.rows["intended"][part]
        self.rows["latency"][part] += self.rows["sent"][part]

    def fail(self, part: Any) -> None:
        self.rows["outcome"][part], self.rows["flags"][part] = 503, FINAL

    def verdict(self, name: str = "availability", **parameters: Any) -> Verdict:
        running = Running(self.rows["intended"], 1000.0, requests=self.kinds)
        running.servers.update(self.servers)
        running.add(self.rows)
        for phase, first, last in (("baseline", 0, 500), ("deployed", 500, 1000)):
            self.history.record(running.window(phase, first, last, last / 50, self.start.id))
        stream = Stream(self.start.id, "", "subject", 50.0, 1000.0, "", self.kinds, self.servers, self.rows)
        return checks.call(checks.find(name), self.made.events, Samples((stream,)), "deployed", parameters)
