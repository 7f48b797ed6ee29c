"""The samples of a running workload, and what a window of them says. The file is that of `harness.samples`."""

from __future__ import annotations

import itertools
import math
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.outages import longest, outages
from harness.samples import CODES, FINAL, OK, SAMPLE, SHED, Records, append
from harness.workload.schedule import Times

EARLIER = 60.0  # s before a window; what was due then has been answered or given up


@dataclass(frozen=True, slots=True)
class Window:
    """What a stretch of the workload says: the fields of the history's `workload` event. Times in seconds."""

    phase: str
    first: int
    last: int
    began: float
    intended: int
    sent: int
    ok: int
    failed: int
    shed: int
    attempts: int
    seconds: float
    p50: float | None
    p95: float | None
    p99: float | None
    lateness_p95: float | None
    lateness_p99: float | None
    blind: float
    statuses: Mapping[str, int]
    errors: Mapping[str, int]
    longest_outage: float
    served_by: Mapping[str, int]


def unused(path: Path) -> Path:
    """This path, or the first of `-2`, `-3`, ... that nothing is at: samples are evidence, and are not written over."""
    names = itertools.chain([path], (path.with_stem(f"{path.stem}-{n}") for n in itertools.count(2)))
    return next(one for one in names if not one.exists())


class Samples:
    """Every request by its number in the schedule: its last attempt, and how many there were.

    Args:
        times: when each request is due, in seconds since request 0 could be.
        began: Unix time of that.
        path: where to write the samples as they come, a new file; None keeps them in memory only.
    """

    def __init__(self, times: Times, began: float, path: Path | None = None) -> None:
        self.times, self.began = times, began
        self.complete = 0  # the last attempts of all requests below this number are here
        self.servers: dict[int, str] = {}
        self._last: Records = np.zeros(256, SAMPLE)  # by number; flags 0 where nothing is known
        self._attempts = np.zeros(256, np.uint16)
        self._file: int | None = None
        self.problem: OSError | None = None  # why the file is not whole
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)

    def add(self, records: Records) -> None:
        """Take in what the generator reported."""
        if not len(records):
            return
        self._grow(int(records["n"].max()) + 1)
        np.add.at(self._attempts, records["n"], (records["outcome"] != SHED).astype(np.uint16))
        final = records[records["flags"] & FINAL != 0]
        self._last[final["n"]] = final
        self._save(records)
        missing = np.flatnonzero(self._last["flags"][self.complete :] & FINAL == 0)
        self.complete += int(missing[0]) if len(missing) else len(self._last) - self.complete

    def window(self, phase: str, first: int, last: int, until: float) -> Window:
        """What the requests from `first` to before `last` say.

        Args:
            phase: its name.
            first, last: numbers in the schedule.
            until: when the window ended, in seconds after the schedule began.
        """
        every = self._last[first : min(last, len(self._last))]
        known = every[every["flags"] & FINAL != 0]
        ok, shed = known["flags"] & OK != 0, known["outcome"] == SHED
        times, late = np.sort(known["latency"][ok]), np.sort(known["sent"][~shed])
        began = float(self.times[first]) if first < len(self.times) else until
        sent, good = int((~shed).sum()), int(ok.sum())
        return Window(
            phase=phase,
            first=first,
            last=last,
            began=round(self.began + began, 6),
            intended=last - first,
            sent=sent,
            ok=good,
            failed=sent - good,
            shed=int(shed.sum()),
            attempts=int(self._attempts[first:last].sum()),
            seconds=round(max(0.0, until - began), 6),
            p50=quantile(times, 0.5),
            p95=quantile(times, 0.95),
            p99=quantile(times, 0.99),
            lateness_p95=quantile(late, 0.95),
            lateness_p99=quantile(late, 0.99),
            statuses={str(code): n for code, n in _counts(known["outcome"]) if code not in CODES},
            errors={_named(code): n for code, n in _counts(known["outcome"][~ok])},
            blind=round(self._gap(first, last, "sent", until), 6),
            longest_outage=round(self._gap(first, last, "latency", until), 6),
            served_by={self.servers[code]: n for code, n in _counts(known["server"][ok]) if code in self.servers},
        )

    def close(self) -> None:
        """Close the file."""
        file, self._file = self._file, None
        if file is not None:
            try:
                os.close(file)
            except OSError as error:
                self.problem = error

    def _grow(self, count: int) -> None:
        if count > len(self._last):
            more = max(count, 2 * len(self._last)) - len(self._last)
            self._last = np.concatenate([self._last, np.zeros(more, SAMPLE)])
            self._attempts = np.concatenate([self._attempts, np.zeros(more, np.uint16)])

    def _gap(self, first: int, last: int, after: str, until: float) -> float:
        """The longest time in a window in which something was due and nothing came of it: no request was sent
        (`after="sent"`), or no good answer came ("latency"). The requests before tell what came at its beginning.
        """
        earlier = int(np.searchsorted(self.times, self.times[min(first, len(self.times) - 1)] - EARLIER))
        every = self._last[earlier : min(last, len(self._last))]
        known = every[every["flags"] & FINAL != 0]
        if not len(known) or known["n"][-1] < first:
            return 0.0
        due = known["intended"].astype(np.float64)
        good = known["flags"] & OK != 0 if after == "latency" else known["outcome"] != SHED
        since = float(self.times[first]) if first < len(self.times) else until
        return longest(outages(due, due + known[after].astype(np.float64), good, until, since=since))

    def _save(self, records: Records) -> None:
        if self._file is None:
            return
        try:
            append(self._file, records)
        except OSError as error:  # the measurement goes on in memory
            self.close()
            self.problem = error


def quantile(ordered: npt.NDArray[Any], q: float) -> float | None:
    """The nearest-rank quantile of sorted values; None where there are none."""
    return round(float(ordered[max(0, math.ceil(q * len(ordered)) - 1)]), 6) if len(ordered) else None


def _counts(codes: npt.NDArray[Any]) -> list[tuple[int, int]]:
    return sorted(Counter(codes.tolist()).items())


def _named(code: int) -> str:
    return CODES.get(code, f"status {code}")
