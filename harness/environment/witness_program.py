"""The witness: runs in a container of an environment, with the standard library alone, and tells how long it had to
wait for what it wanted. It is sent there as text, so that it needs nothing of an image but Python.

Each line on stdout is JSON: `at` (monotonic seconds at its end), `seconds` (that it covers), `late` (s by which its
ticks came late, all together), `worst` (of one tick, s), `waited` (s for which it was ready to run and did not, as the
kernel counts; null where it does not), `synced` (s for which a write to its disk was waited for), `steal`, `busy`
(s of all processors since the line before), `processors`, `pressure` (of cpu, io, memory: s in which somebody waited).
The first line has `boot` instead, the id of this start of the machine. It ends with its standard input.
"""

from __future__ import annotations

import json
import os
import select
import sys
import tempfile
import threading
import time
from typing import Any

TICK = 0.025  # s
TOLERANCE = 0.005  # s that a tick may be late on an idle machine
REPORT = 0.5  # s
SYNC = 1.0  # s between two writes


class Disk:
    """Writes a byte to the disk once a second, in a thread of its own."""

    def __init__(self) -> None:
        self.lock, self.waited, self.known = threading.Lock(), 0.0, True
        self.since: float | None = None
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        try:
            with tempfile.TemporaryFile() as file:
                while True:
                    time.sleep(SYNC)
                    with self.lock:
                        self.since = time.monotonic()
                    os.pwrite(file.fileno(), b".", 0)
                    os.fdatasync(file.fileno())
                    self.take(None)
        except OSError:
            self.known = False

    def take(self, since: float | None) -> None:
        """Add up what the write that is under way has waited for so far; the next part begins at `since`."""
        with self.lock:
            if self.since is not None:
                self.waited += time.monotonic() - self.since
                self.since = since

    def told(self) -> float | None:
        """Seconds since the last report."""
        if self.since is not None:
            self.take(time.monotonic())
        with self.lock:
            waited, self.waited = self.waited, 0.0
        return round(waited, 4) if self.known else None


def first_words(path: str) -> list[str]:
    try:
        with open(path) as file:  # noqa: PTH123 - it is sent as text, and stays short
            return file.readline().split()
    except OSError:
        return []


def total(name: str) -> float | None:
    """Seconds in which somebody waited for it, so far."""
    words = first_words("/proc/pressure/" + name)
    return int(words[-1].partition("=")[2]) / 1e6 if words else None


def counters() -> dict[str, float | None]:
    wait = first_words(f"/proc/self/task/{threading.get_native_id()}/schedstat")
    stat = [int(word) for word in first_words("/proc/stat")[1:9]]
    ticks = float(os.sysconf("SC_CLK_TCK"))
    return {
        "waited": int(wait[1]) / 1e9 if len(wait) > 1 else None,
        "steal": stat[7] / ticks if len(stat) > 7 else None,
        "busy": (sum(stat) - stat[3] - stat[4] - stat[7]) / ticks if len(stat) > 7 else None,
        "cpu": total("cpu"),
        "io": total("io"),
        "memory": total("memory"),
    }


def grown(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else round(after - before, 4)


def main() -> None:
    say({"boot": (first_words("/proc/sys/kernel/random/boot_id") or [""])[0]})
    disk, processors, before, was = Disk(), os.cpu_count() or 1, counters(), time.monotonic()
    began, late, worst = was, 0.0, 0.0
    while True:
        ended = select.select([0], [], [], TICK)[0]
        now = time.monotonic()
        gap = now - was - TICK - TOLERANCE
        was = now
        if gap > 0.0:
            late, worst = late + gap, max(worst, gap)
        if now - began < REPORT and not ended:
            continue
        after = counters()
        since = {key: grown(before[key], value) for key, value in after.items()}
        pressure = {key: since.pop(key) for key in ("cpu", "io", "memory")}
        say(
            {
                "at": round(now, 6), "seconds": round(now - began, 6), "late": round(late, 4), "worst": round(worst, 4),
                "synced": disk.told(), "processors": processors, "pressure": pressure, **since,
            }
        )  # fmt: skip
        began, late, worst, before = now, 0.0, 0.0, after
        if ended and not os.read(0, 4096):
            return


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
