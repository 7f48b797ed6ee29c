"""A load against that of an earlier run: what is slower, in words, and why the rest cannot be told."""

from __future__ import annotations

import numpy as np

from harness.checks._since import PhaseComparison, compared
from harness.clock import ManualClock
from harness.history import Event, History
from harness.samples import FINAL, OK, Samples, Stream
from harness.samples.records import SAMPLE
from suites.raw import raw

RATE = 50.0
Run = tuple[tuple[Event, ...], Samples]


def measured(*, seconds: float = 60.0, latency: float = 0.005, slow: float | None = None, control: bool = False) -> Run:
    """Two kinds of requests in the phase `deployed`, one in twenty of the second one, which takes `slow`."""
    clock = ManualClock()
    history = History(clock=clock)
    start = history.record(raw("workload.start", arm="subject", file="s.bin", at=0.0, began=0.0, rate=RATE))
    rows = np.zeros(int(seconds * RATE), SAMPLE)
    rows["n"], rows["intended"] = np.arange(len(rows)), np.arange(len(rows)) / RATE
    rows["request"] = rows["n"] % 20 == 0
    rows["outcome"], rows["flags"] = 200, OK | FINAL
    rows["latency"] = latency * np.exp(0.3 * np.random.default_rng(7).standard_normal(len(rows)))
    if slow is not None:
        rows["latency"][rows["request"] == 1] = slow
    clock.advance(seconds)
    window = {"first": 0, "last": len(rows), "intended": len(rows), "sent": len(rows), "ok": len(rows), "shed": 0}
    history.record(raw("workload", phase="deployed", start=start.id, seconds=seconds, began=0.0, **window))
    if control:
        beside = history.record(raw("workload.start", arm="control", file="c.bin", at=0.0, began=0.0, rate=RATE))
        history.record(raw("workload", phase="deployed", arm="control", start=beside.id, seconds=seconds, **window))
    return history.events, Samples((Stream(start.id, "h1", "subject", 0.0, 0.0, "k", ("read", "write"), {}, rows),))


def test_a_run_against_itself_is_no_slower_and_all_of_it_is_told() -> None:
    assert compared(measured(), measured(), "deployed") == PhaseComparison()


def test_the_untouched_control_is_not_compared() -> None:
    assert compared(measured(control=True), measured(control=True), "deployed") == PhaseComparison()


def test_a_phase_that_one_of_the_runs_does_not_have_is_not_compared() -> None:
    assert compared(measured(), ((), Samples()), "deployed") is None
    assert compared(measured(), measured(), "rolled-back") is None


def test_one_slow_kind_is_told_with_what_it_took_then() -> None:
    found = compared(measured(slow=0.01), measured(slow=0.3), "deployed")
    assert found is not None
    (kind,) = (one for one in found.slower if "write" in one)
    assert kind.startswith("p50 of the write requests 300 ms, 10 ms then: more than 3 times that and 50 ms")
    assert not any("before" in one for one in found.slower)


def test_what_is_too_short_for_a_comparison_by_blocks_is_named_and_gross_differences_are_told() -> None:
    found = compared(measured(seconds=3.0), measured(seconds=3.0, latency=0.2), "deployed")
    assert found is not None
    assert found.untold == "too short for p50, p95 and p99: only differences of more than 3 times are seen"
    assert found.slower[0].startswith("p50 ")
    assert " ms then" in found.slower[0]
    assert compared(measured(seconds=20.0), measured(seconds=20.0), "deployed") == PhaseComparison(
        untold="too short for p99: only differences of more than 3 times are seen"
    )
