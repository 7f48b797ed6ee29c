"""The samples of a running workload, and what a window of them says. The file is that of `harness.samples`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.events import Counted, FailedRequests, WorkloadWindow
from harness.files import Kept
from harness.outages import longest, outages
from harness.samples import CODES, FINAL, KEPT_CLOSED, OK, SHED
from harness.samples.records import SAMPLE, Records, append, counted
from harness.workload import promises
from harness.workload.schedule import Times

MAX_GROUPS = 20  # of failed requests that are alike
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
        requests: the names of the requests of the mix, by number.
    """

    def __init__(
        self,
        times: Times,
        began: float,
        path: Path | None = None,
        promised: Path | None = None,
        requests: Sequence[str] = (),
    ) -> None:
        self.times, self.began = times, began
        self.complete = 0  # the last attempts of all requests below this number are here
        self.servers: dict[int, str] = {}
        self.requests = tuple(requests)
        self.releases: dict[int, str] = {}
        self._last: Records = np.zeros(256, SAMPLE)  # by number; flags 0 where nothing is known
        self._attempts = np.zeros(256, np.uint16)
        self._repeated: set[int] = set()  # numbers of those that met a kept connection which was closed
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
        closed = records[(records["outcome"] == KEPT_CLOSED) & (records["flags"] & FINAL == 0)]
        self._repeated.update(closed["n"].tolist())
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
        closed = ~ok & (known["outcome"] == KEPT_CLOSED)
        bad = ~ok & ~closed
        return Window(
            phase=phase,
            start=start,
            first=first,
            last=last,
            began=round(self.began + began, 6),
            intended=last - first,
            sent=sent,
            ok=good,
            failed=sent - good - int(closed.sum()),
            shed=int(shed.sum()),
            attempts=int(self._attempts[first:last].sum()),
            seconds=round(max(0.0, until - began), 6),
            p50=quantile(times, 0.5),
            p95=quantile(times, 0.95),
            p99=quantile(times, 0.99),
            lateness_p95=quantile(late, 0.95),
            lateness_p99=quantile(late, 0.99),
            statuses={str(code): n for code, n in _counts(known["outcome"]) if code not in CODES},
            errors={_named(code): n for code, n in _counts(known["outcome"][bad])},
            blind=round(self._gap(first, last, "sent", until), 6),
            longest_outage=round(self._gap(first, last, "latency", until), 6),
            served_by=_by_name(known["server"][ok], self.servers),
            releases=_by_name(known["server"][ok], self.releases),
            requests={self._kind(code): n for code, n in _counts(known["request"])},
            outages={
                self._kind(code): round(self._gap(first, last, "latency", until, code), 6)
                for code in (set(known["request"].tolist()) if len(self.requests) > 1 else ())
            },
            failures=alike(known[bad], self.began, self._kind, self.servers),
            closed=int(closed.sum()),
            repeated=sum(first <= n < last for n in self._repeated),
        )

    def _kind(self, number: int) -> str:
        return self.requests[number] if number < len(self.requests) else f"request-{number + 1}"

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

    def _gap(self, first: int, last: int, after: str, until: float, request: int | None = None) -> float:
        """The longest time in a window in which something was due and nothing came of it: no request was sent
        (`after="sent"`), or no good answer came ("latency"); of one request of the mix, or of all. The requests before
        tell what came at its beginning.
        """
        earlier = int(np.searchsorted(self.times, self.times[min(first, len(self.times) - 1)] - EARLIER))
        every = self._last[earlier : min(last, len(self._last))]
        known = every[every["flags"] & FINAL != 0]
        known = known if request is None else known[known["request"] == request]
        if not len(known) or known["n"][-1] < first:
            return 0.0
        if after == "latency":
            known = known[(known["outcome"] != KEPT_CLOSED) | (known["flags"] & OK != 0)]
        due = known["intended"].astype(np.float64)
        good = known["flags"] & OK != 0 if after == "latency" else known["outcome"] != SHED
        since = float(self.times[first]) if first < len(self.times) else until
        return longest(outages(due, due + known[after].astype(np.float64), good, until, since=since))


def alike(bad: Records, began: float, kind: Callable[[int], str], servers: Mapping[int, str]) -> list[FailedRequests]:
    """Failed requests by kind, outcome and server, the largest groups first."""
    groups: dict[tuple[int, int, str], list[int]] = {}
    columns = (bad[name].tolist() for name in ("request", "outcome", "server"))
    for place, (request, outcome, number) in enumerate(zip(*columns, strict=True)):
        groups.setdefault((request, outcome, servers.get(number, "")), []).append(place)
    made = []
    for (request, outcome, server), places in sorted(groups.items(), key=lambda one: -len(one[1]))[:MAX_GROUPS]:
        own = np.sort(bad[places], order="intended", kind="stable")
        shown = dict.fromkeys((0, len(own) // 2, len(own) - 1))
        made.append(
            FailedRequests(
                request=kind(request),
                outcome=_named(outcome),
                server=server,
                count=len(own),
                first=round(began + float(own["intended"][0]), 6),
                last=round(began + float(own["intended"][-1]), 6),
                examples=[_example(own[place], began) for place in shown],
            )
        )
    return made


def _example(record: Any, began: float) -> str:
    at = datetime.fromtimestamp(began + float(record["intended"]), UTC).strftime("%H:%M:%S.%f")[:-3]
    number = f" with id {int(record['id'])}" if record["id"] >= 0 else ""
    return f"request {int(record['n'])}{number}, due at {at} UTC, ended after {float(record['latency']):.3f} s"


def quantile(ordered: npt.NDArray[Any], q: float) -> float | None:
    """The nearest-rank quantile of sorted values; None where there are none."""
    return round(float(ordered[max(0, math.ceil(q * len(ordered)) - 1)]), 6) if len(ordered) else None


def _counts(codes: npt.NDArray[Any]) -> list[tuple[int, int]]:
    return sorted(Counter(codes.tolist()).items())


def _by_name(numbers: npt.NDArray[Any], names: Mapping[int, str]) -> dict[str, int]:
    """How many have each name; several numbers may have the same, and some none."""
    found: Counter[str] = Counter()
    for number, count in _counts(numbers):
        if name := names.get(number):
            found[name] += count
    return dict(found)


def _named(code: int) -> str:
    return CODES.get(code, f"status {code}")
