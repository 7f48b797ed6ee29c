"""A log that a test does to what it likes, followed on a replica whose clock is the test's."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.checks import logs
from harness.checks.logs import ExpectedLog
from harness.clock import ManualClock
from harness.history import History
from harness.probes.logs import LogFollower
from harness.verdict import Verdict
from suites.raw import raw, select
from suites.selftest.probes.fakes import LocalReplica, SaidRaw
from suites.selftest.probes.test_logs import Spec

HOLD = """import sys
file = open(sys.argv[1], sys.argv[2])
print(flush=True)
for line in sys.stdin:
    file.write(line)
    file.flush()
    print(flush=True)
"""


class Holder:
    """A process of its own that has a file open, and writes what it is told."""

    def __init__(self, path: Path, mode: str = "a") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path), mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._answer()

    def write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        self._answer()

    def _answer(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "\n"

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class ClockedReplica(LocalReplica):
    """One whose clock is the test's, give or take `skew` seconds; its answers are `late`."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__("backend-2")
        self.clock, self.skew, self.late = clock, 0.0, 0.0

    def ask(self, command: str | Sequence[str], timeout: float = 10.0) -> SaidRaw:
        said = self.prelude
        self.prelude = f"{said}date() {{ echo {self.clock.now() + self.skew:.3f} +0000; }}\n"
        try:
            return super().ask(command, timeout)
        finally:
            self.prelude = said
            self.clock.advance(self.late)


class Case:
    """A followed log on backend-2, in a phase with traffic."""

    def __init__(self, folder: Path, **spec: Any) -> None:
        self.path = folder / "backend.log"
        self.path.touch()
        self.clock = ManualClock(time.time())
        self.history = History(clock=self.clock)
        self.replica = ClockedReplica(self.clock)
        self.spec = Spec(str(self.path), **spec)
        self.followed = LogFollower(self.replica, self.spec, self.history, self.clock)
        self.follower = self.followed.view()
        self.began = self.clock.now()
        self.number = 0
        self.holders: list[Holder] = []

    def mark(self) -> None:
        self.follower.mark()

    def line(self, release: str = "4.1.0", **fields: Any) -> str:
        self.number += 1
        return json.dumps({"release": release, "ts": self.clock.now(), "n": self.number, **fields})

    def write(self, count: int = 1, release: str = "4.1.0", **fields: Any) -> None:
        with self.path.open("a") as file:
            for _ in range(count):
                file.write(self.line(release, **fields) + "\n")

    def hold(self, mode: str = "a") -> Holder:
        self.holders.append(Holder(self.path, mode))
        return self.holders[-1]

    def poll(self, after: float = 1.0) -> None:
        self.clock.advance(after)
        self.follower.poll()

    def verdict(self, **expected: Any) -> Verdict:
        with self.history.phase("rolled-back"):
            self.history.record(raw("workload", ok=500, served_by={"backend-2": 500}))
            self.follower.report()
        usual: dict[str, Any] = {"carries_time": True, "carries_number": self.spec.sequence is not None}
        log = ExpectedLog("backend-2", str(self.path), 2.0, **{**usual, **expected})
        return logs.check(self.history.events, phase="rolled-back", release="4.1.0", logs=[log])

    @property
    def data(self) -> Any:
        return select(self.history.events, "probe.log")[-1].data
