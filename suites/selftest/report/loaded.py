"""The made run with samples of a subject and a control, faults and every probe that reports draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.clock import ManualClock
from harness.history import Event, History
from harness.report import Report
from harness.samples import FINAL, OK, Samples, Stream
from harness.samples.records import SAMPLE
from suites.raw import raw
from suites.selftest.report.made import gate


def loaded(*, seconds: float = 40.0, rate: float = 50.0, broken: bool = True) -> tuple[Report, Samples]:
    """A run and its samples; `seconds` and `rate` of the load."""
    clock = ManualClock()
    history = History(clock=clock)
    with history.scope(environment="h1"):
        gate(history, clock, broken=broken)
    fault = history.record(raw("fault.inject", title="backend-2 -> cache-1: latency 300 ms", phase="deployed"))
    history.record(raw("fault.heal", start=fault.id, bit=True, gone=True, reason="touched 12 connections"))
    for number in range(10):
        clock.advance(1.0)
        history.record(raw("probe.queue", depth=5 * number, age=0.5 * number, error=None))
        for replica in ("backend-1", "backend-2"):
            used: dict[str, Any] = {"cpu": 0.2 * number, "memory": (60 + number) << 20}
            history.record(raw("probe.replica", replica=replica, release="4.1.0" if number < 5 else "4.1.1", **used))
            history.record(
                raw("probe.log", replica=replica, path="/var/log/b.log", records=40, seconds=1.0, state="ok",
                error_lines=["ERROR the cache is stale"] if number == 5 else [],
            ))  # fmt: skip
    events: tuple[Event, ...] = history.events
    streams = tuple(_stream(100 + n, arm, seconds, rate) for n, arm in enumerate(("subject", "control")))
    return Report.of(events), Samples(streams)


def _stream(start: int, arm: str, seconds: float, rate: float) -> Stream:
    draw = np.random.default_rng(start)
    records = np.zeros(int(seconds * rate), SAMPLE)
    records["n"] = np.arange(len(records))
    records["intended"] = records["n"] / rate
    records["latency"] = 0.005 * np.exp(0.4 * draw.standard_normal(len(records)))
    records["outcome"], records["flags"] = 202, OK | FINAL
    if arm == "subject":
        records["outcome"][::50], records["flags"][::50] = 503, FINAL
    return Stream(start, "h1" if arm == "subject" else "h2", arm, 1.0, 1.3e9, "k", ("resume",), {}, records)
