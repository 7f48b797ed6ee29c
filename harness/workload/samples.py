"""The samples of a running workload, and what a window of them says. The file is that of `harness.samples`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.events import Counted, WorkloadWindow
from harness.files import Kept
from harness.outages import longest, outages
from harness.samples import CODES, FINAL, OK, SAMPLE, SHED, Records, append, counted
from harness.workload import promises
from harness.workload.schedule import Times

EARLIER = 60.0  # s before a window; what was due then has been answered or given up


class Window(WorkloadWindow, frozen=True, kw_only=True):
    """What a stretch of the workload says, with the phase that it is of."""

    phase: str


class Saved:
    """A file of evidence beside the history. What it did not take is kept in memory, and `problem` says why.

    Args:
        path: a new file.
    """

    def __init__(self, path: Path) -> None:
        self.file = Kept(path, new=True)
        self.problem: OSError | None = None

    def take(self, append: Callable[[Kept, Any], None], what: Collection[Any] | Records) -> None:
        """Append to it, unless something is missing in it already."""
        if self.problem is None:
            try:
                append(self.file, what)
            except OSError as error:
                self.problem = error

    def counted(self) -> Counted:
        """What `workload.saved` says of it."""
        return counted(self.file, self.problem)

    def close(self) -> None:
        """Close it."""
        try:
            self.file.close()
        except OSError as error:
            self.problem = self.problem or error


class RunningSamples:
    """Every request by its number in the schedule: its last attempt, and how many there were.

    Args:
        times: when each request is due, in seconds since request 0 could be.
        began: Unix time of that.
        path: where to write the samples as they come, a new file; None keeps them in memory only.
        promised: where to write what the answers promised, a new file; None for nowhere.
    """

    def __init__(self, times: Times, began: float, path: Path | None = None, promised: Path | None = None) -> None:
        self.times, self.began = times, began
        self.complete = 0  # the last attempts of all requests below this number are here
        self.servers: dict[int, str] = {}
        self._last: Records = np.zeros(256, SAMPLE)  # by number; flags 0 where nothing is known
        self._attempts = np.zeros(256, np.uint16)
        self.saved = None if path is None else Saved(path)
        self.promises = None if promised is None else Saved(promised)

    @property
    def files(self) -> tuple[Saved, ...]:
        """Those that it writes to."""
        return tuple(one for one in (self.saved, self.promises) if one is not None)

    @property
    def problem(self) -> OSError | None:
        """Why a file is not whole."""
        return next((one.problem for one in self.files if one.problem is not None), None)

    def add(self, records: Records) -> None:
        """Take in what the generator reported."""
        if not len(records):
            return
        self._grow(int(records["n"].max()) + 1)
        np.add.at(self._attempts, records["n"], (records["outcome"] != SHED).astype(np.uint16))
        final = records[records["flags"] & FINAL != 0]
        self._last[final["n"]] = final
        if self.saved is not None:
            self.saved.take(append, records)
        missing = np.flatnonzero(self._last["flags"][self.complete :] & FINAL == 0)
        self.complete += int(missing[0]) if len(missing) else len(self._last) - self.complete

    def window(self, phase: str, first: int, last: int, until: float, start: int | None = None) -> Window:
        """What the requests from `first` to before `last` say.

        Args:
            phase: its name.
            first, last: numbers in the schedule.
            until: when the window ended, in seconds after the schedule began.
            start: id of its `workload.start`.
        """
        every = self._last[first : min(last, len(self._last))]
        known = every[every["flags"] & FINAL != 0]
        ok, shed = known["flags"] & OK != 0, known["outcome"] == SHED
        times, late = np.sort(known["latency"][ok]), np.sort(known["sent"][~shed])
        began = float(self.times[first]) if first < len(self.times) else until
        sent, good = int((~shed).sum()), int(ok.sum())
        return Window(
            phase=phase,
            start=start,
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

    def promise(self, promised: Collection[Any]) -> None:
        """Take in what answers promised, `[n, what]` each."""
        if self.promises is not None and promised:
            self.promises.take(promises.append, promised)

    def counted(self) -> tuple[Counted, Counted | None] | None:
        """What `workload.saved` says of samples and promises by now; None where they are kept in memory."""
        if self.saved is None:
            return None
        return self.saved.counted(), None if self.promises is None else self.promises.counted()

    def close(self) -> None:
        """Close the files."""
        for one in self.files:
            one.close()

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


def quantile(ordered: npt.NDArray[Any], q: float) -> float | None:
    """The nearest-rank quantile of sorted values; None where there are none."""
    return round(float(ordered[max(0, math.ceil(q * len(ordered)) - 1)]), 6) if len(ordered) else None


def _counts(codes: npt.NDArray[Any]) -> list[tuple[int, int]]:
    return sorted(Counter(codes.tolist()).items())


def _named(code: int) -> str:
    return CODES.get(code, f"status {code}")
