"""The samples of a running workload, and what a window of them says. The file is that of `harness.samples`."""

from __future__ import annotations

import math
import os
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.samples import CODES, FINAL, OK, SAMPLE, SHED, append
from harness.workload.spec import Spec


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
    seconds: float
    p50: float | None
    p95: float | None
    p99: float | None
    lateness_p95: float | None
    lateness_p99: float | None
    statuses: Mapping[str, int]
    errors: Mapping[str, int]
    longest_outage: float
    served_by: Mapping[str, int]


class Samples:
    """Every request by its number in the schedule, in flat arrays. Code 0: nothing is known of it.

    Args:
        spec: what was sent.
        began: Unix time at which request 0 was due.
        path: where to write the samples as they come; None keeps them in memory only.
    """

    def __init__(self, spec: Spec, began: float, path: Path | None = None) -> None:
        self.spec, self.began = spec, began
        self.lateness, self.latency = array("d"), array("d")
        self.code, self.server = array("H"), array("H")
        self.complete = 0  # the samples of all requests below this number are here
        self._servers: dict[str, int] = {"": 0}
        self._file: int | None = None
        self.problem: OSError | None = None  # why the file is not whole
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)

    def add(self, rows: Sequence[Sequence[Any]]) -> list[str]:
        """Take in what the generator reported. Returns the names of servers that are new, see `server_number`."""
        known = len(self._servers)
        for n, lateness, latency, code, server in rows:
            missing = n + 1 - len(self.code)
            if missing > 0:
                for values in (self.lateness, self.latency):
                    values.extend([0.0] * missing)
                for numbers in (self.code, self.server):
                    numbers.extend([0] * missing)
            self.lateness[n], self.latency[n], self.code[n] = lateness, latency, code
            if len(self._servers) < 1000:
                self._servers.setdefault(server, len(self._servers))
            self.server[n] = self._servers.get(server, 0)
        self._save(rows)
        while self.complete < len(self.code) and self.code[self.complete]:
            self.complete += 1
        return list(self._servers)[known:]

    def server_number(self, name: str) -> int:
        """The number by which the samples call a server."""
        return self._servers[name]

    def window(self, phase: str, first: int, last: int, until: float) -> Window:
        """What the requests from `first` to before `last` say.

        Args:
            phase: its name.
            first, last: numbers in the schedule.
            until: when the window ended, in seconds after the schedule began.
        """
        known = range(first, min(last, len(self.code)))
        expected = set(self.spec.expected)
        codes = Counter(self.code[n] for n in known if self.code[n])
        ok = [n for n in known if self.code[n] in expected]
        shed = codes[SHED]
        sent = codes.total() - shed
        times = sorted(self.latency[n] for n in ok)
        late = sorted(self.lateness[n] for n in known if self.code[n] not in (0, SHED))
        servers = {number: name for name, number in self._servers.items() if name}
        served = Counter(servers[self.server[n]] for n in ok if self.server[n] in servers)
        return Window(
            phase=phase,
            first=first,
            last=last,
            began=round(self.began + first / self.spec.rate, 6),
            intended=last - first,
            sent=sent,
            ok=len(ok),
            failed=sent - len(ok),
            shed=shed,
            seconds=round(max(0.0, until - first / self.spec.rate), 6),
            p50=quantile(times, 0.5),
            p95=quantile(times, 0.95),
            p99=quantile(times, 0.99),
            lateness_p95=quantile(late, 0.95),
            lateness_p99=quantile(late, 0.99),
            statuses={str(code): codes[code] for code in sorted(codes) if code not in CODES},
            errors={_named(code): codes[code] for code in sorted(codes) if code not in expected},
            longest_outage=round(self._outage(known, expected, until), 6),
            served_by=dict(served),
        )

    def close(self) -> None:
        """Close the file."""
        file, self._file = self._file, None
        if file is not None:
            try:
                os.close(file)
            except OSError as error:
                self.problem = error

    def _outage(self, known: range, expected: set[int], until: float) -> float:
        """The longest time in which every request failed: from the first that did to the next that did not."""
        longest, began = 0.0, None
        for n in known:
            due = n / self.spec.rate
            if self.code[n] in expected:
                longest = max(longest, due - began) if began is not None else longest
                began = None
            elif self.code[n] and began is None:
                began = due
        return max(longest, until - began) if began is not None else longest

    def _save(self, rows: Sequence[Sequence[Any]]) -> None:
        if self._file is None or not rows:
            return
        made, good = np.zeros(len(rows), SAMPLE), set(self.spec.expected)
        for at, (n, lateness, latency, code, server) in enumerate(rows):
            flags = FINAL | (OK if code in good else 0)
            number = self._servers.get(server, 0)
            made[at] = (n / self.spec.rate, -1, n, lateness, latency, code, number, 0, 1, flags)
        try:
            append(self._file, made)
        except OSError as error:  # the measurement goes on in memory
            self.close()
            self.problem = error


def quantile(values: Sequence[float], q: float) -> float | None:
    """The nearest-rank quantile of sorted values; None where there are none."""
    return round(values[max(0, math.ceil(q * len(values)) - 1)], 6) if values else None


def _named(code: int) -> str:
    return CODES.get(code, f"status {code}")
