"""How long it takes to judge a saved history of an hour again, by every check of a gate.

The history is made: ten events a second, as the probes of a stack of seven replicas leave them, and a hundred requests
a second for the subject and the control each.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.clock import ManualClock
from harness.events import RunEnd
from harness.files import Kept
from harness.history import EVENTS, History, read
from harness.plan.judging import as_events, judge_again
from harness.report import Report, html
from harness.samples import FINAL, OK
from harness.samples import read as read_samples
from harness.samples.records import SAMPLE, append, counted
from harness.verdict import Outcome, Verdict
from suites.raw import fields, raw

SECONDS, RATE = 3600, 100.0
FLEET = ["backend-1", "backend-2", "backend-3"]
PHASES = ("baseline", "deployed", "rolled-back")
ASKED: dict[str, dict[str, Any]] = {
    "release": {"release": "4.1.0", "replicas": FLEET},
    "errors": {},
    "containers": {"replicas": FLEET},
    "health": {"replicas": FLEET},
    "registry": {"replicas": FLEET},
    "queue": {"within": 30.0},
    "recovery": {},
}
WINDOW: dict[str, Any] = {
    "failed": 0, "shed": 0, "p50": 0.005, "p95": 0.01, "p99": 0.02, "lateness_p95": 0.0001,
    "lateness_p99": 0.0002, "longest_outage": 0.0, "statuses": {}, "errors": {}, "served_by": {},
}  # fmt: skip


def write(directory: Path) -> None:
    """An hour, in three phases of twenty minutes, with verdicts at the end of each."""
    clock = ManualClock()
    history = History(directory / EVENTS, clock)
    history.record(raw("run.start", stack="made"))
    with history.scope(environment="h1"):
        starts = {arm: _load(history, directory, arm) for arm in ("subject", "control")}
        for phase in PHASES:
            with history.phase(phase):
                _phase(history, clock)
                part = SECONDS // len(PHASES)
                began = PHASES.index(phase) * part
                due = int(part * RATE)
                first = PHASES.index(phase) * due
                counts = {
                    "first": first,
                    "last": first + due,
                    "intended": due,
                    "sent": due,
                    "ok": due,
                    "seconds": float(part),
                }
                history.record(raw("workload", **WINDOW, **counts, start=starts["subject"], began=float(began)))
                for name, parameters in ASKED.items():
                    given = Verdict(name, Outcome.PASS, "as it was judged then", parameters=parameters)
                    history.record(raw("verdict", **fields(given)))
    history.end(RunEnd(outcome="pass", reason="", exit_code=0))
    history.close()


def _load(history: History, directory: Path, arm: str) -> int:
    fields: dict[str, Any] = {
        "file": f"samples-{arm}.bin",
        "at": 0.0,
        "began": 0.0,
        "arm": arm,
        "rate": RATE,
        "timeout": 5.0,
    }
    start = history.record(raw("workload.start", **fields))
    records = np.zeros(int(SECONDS * RATE), SAMPLE)
    records["n"] = np.arange(len(records))
    records["intended"], records["outcome"], records["flags"] = records["n"] / RATE, 202, OK | FINAL
    records["latency"] = 0.005 * np.exp(0.4 * np.random.default_rng(1).standard_normal(len(records)))
    file = Kept(directory / fields["file"], new=True)
    append(file, records)
    file.close()
    history.record(raw("workload.saved", start=start.id, final=True, samples=counted(file, None), promises=None))
    return start.id


def _phase(history: History, clock: ManualClock) -> None:
    for _ in range(SECONDS // len(PHASES)):
        for replica in FLEET:
            used = {"cpu": 1.0, "memory": 1 << 26}
            history.record(raw("probe.replica", replica=replica, release="4.1.0", error=None, **used))
            history.record(raw("probe.health", replica=replica, ok=True, error=None))
        history.record(raw("probe.queue", depth=0, age=0.0, error=None))
        history.record(raw("probe.postgres", replica="database-1", connections={"active": 3, "idle": 9}, error=None))
        history.record(raw("probe.redis", replica="cache-1", keys=900, hits=100, misses=1, error=None))
        clock.advance(1.0)
    for replica in FLEET:
        history.record(raw("probe.release", replica=replica, release="4.1.0", error=None))
        history.record(raw("probe.container", replica=replica, status="running", started="10:00", oom_killed=False))
    history.record(raw("probe.registry", release="4.1.0", error=None))
    history.record(raw("probe.queue", depth=0, age=0.0, error=None))


def main(_arguments: Sequence[str] = ()) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write(directory)
        size = (directory / EVENTS).stat().st_size / 1e6
        times = [("", time.perf_counter())]
        events = read(directory / EVENTS)
        times.append((f"read {len(events)} events ({size:.1f} MB)", time.perf_counter()))
        samples = read_samples(directory, events)
        times.append((f"read {sum(len(one.records) for one in samples.streams)} samples", time.perf_counter()))
        found = judge_again(events, samples)
        times.append((f"judge {len(found)} verdicts", time.perf_counter()))
        page = html.render(Report.of(as_events(events, found, samples)), samples)
        times.append((f"draw report.html ({len(page) / 1e3:.0f} kB)", time.perf_counter()))
    for (_, before), (what, after) in itertools.pairwise(times):
        print(f"{what:40} {after - before:6.2f} s")
    print(f"{'to judge an hour':40} {times[3][1] - times[0][1]:6.2f} s (aim 2 s)")
    print({one.now.check: str(one.now.outcome) for one in found if one.event.data["phase"] == "rolled-back"})


if __name__ == "__main__":
    main()
