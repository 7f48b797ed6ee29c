"""The witness: runs in a container of an environment, with the standard library alone, and tells how long it had to
wait for what it wanted. It is sent there as text, so that it needs nothing of an image but Python.

Each line on stdout is JSON: `at` (monotonic seconds at its end), `seconds` (that it covers), `late` (s by which its
ticks came late, all together, as if there were one in each `PAUSE`), `worst` (of one tick, s), `waited` (s for which it
was ready to run and did not, as the kernel counts, at the same rate; null where it does not), `synced` (s for which a
write to its disk was waited for), `steal`, `busy` (s of all processors since the line before), `processors`, `pressure`
(of cpu, io, memory: s in which somebody waited). The first line has `boot` instead, the id of this start of the
machine. A byte on its standard input asks for a line at once; it ends with that input.
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

TICK = 0.04  # s; each costs some 75 us of a processor
PAUSE = 0.025  # s between two steps of work of what the witness stands for: a server that answers requests
TOLERANCE = 0.005  # s that a tick may be late on an idle machine
REPORT = 1.0  # s between two lines at most
SYNC = 1.0  # s between two writes


class DiskWriter:
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


class Reading:
    """The first line of a file of the kernel, again and again: it stays open, because opening it costs most."""

    def __init__(self, path: str) -> None:
        try:
            self.file: int | None = os.open(path, os.O_RDONLY)
        except OSError:
            self.file = None

    def words(self) -> list[str]:
        try:
            return os.pread(self.file, 512, 0).partition(b"\n")[0].decode().split() if self.file is not None else []
        except OSError:
            return []


class Counters:
    """What the kernel counts, in seconds."""

    def __init__(self) -> None:
        self.ticks = float(os.sysconf("SC_CLK_TCK"))
        self.wait = Reading(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self.stat = Reading("/proc/stat")
        self.pressure = {name: Reading(f"/proc/pressure/{name}") for name in ("cpu", "io", "memory")}

    def now(self) -> dict[str, float | None]:
        wait = self.wait.words()
        stat = [int(word) for word in self.stat.words()[1:9]]
        total = {name: file.words() for name, file in self.pressure.items()}
        return {
            "waited": int(wait[1]) / 1e9 if len(wait) > 1 else None,
            "steal": stat[7] / self.ticks if len(stat) > 7 else None,
            "busy": (sum(stat) - stat[3] - stat[4] - stat[7]) / self.ticks if len(stat) > 7 else None,
            **{name: int(words[-1].partition("=")[2]) / 1e6 if words else None for name, words in total.items()},
        }


def grown(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else round(after - before, 4)


def at_pace(wait: float) -> float:
    """Seconds for which somebody who pauses for `PAUSE` would have waited, while a tick here waited for `wait`."""
    return wait * (TICK + wait) / (PAUSE + wait)


def main() -> None:
    say({"boot": (Reading("/proc/sys/kernel/random/boot_id").words() or [""])[0]})
    disk, processors, counters = DiskWriter(), os.cpu_count() or 1, Counters()
    before, was = counters.now(), time.monotonic()
    began, late, worst, woken = was, 0.0, 0.0, 0
    while True:
        ended = select.select([0], [], [], TICK)[0]
        now = time.monotonic()
        gap = now - was - TICK - TOLERANCE
        was = now
        woken += 1
        if gap > 0.0:
            late, worst = late + at_pace(gap), max(worst, gap)
        if now - began < REPORT and not ended:
            continue
        after = counters.now()
        since = {key: grown(before[key], value) for key, value in after.items()}
        if (waited := since["waited"]) is not None:
            since["waited"] = round(woken * at_pace(waited / woken), 4)
        pressure = {key: since.pop(key) for key in ("cpu", "io", "memory")}
        say(
            {
                "at": round(now, 6), "seconds": round(now - began, 6), "late": round(late, 4), "worst": round(worst, 4),
                "synced": disk.told(), "processors": processors, "pressure": pressure, **since,
            }
        )  # fmt: skip
        began, late, worst, woken, before = now, 0.0, 0.0, 0, after
        if ended and not os.read(0, 4096):
            return


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
