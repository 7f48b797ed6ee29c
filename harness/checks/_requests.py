"""The requests of a phase, one by one: outages, failures and late answers, and where the generator saw nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.checks._witness import SHARE, WitnessedStalls
from harness.events import WorkloadStart, WorkloadWindow
from harness.history import Event, of
from harness.outages import Outages, outages
from harness.samples import FINAL, OK, Records, Samples, Stream
from harness.stalls import CHAIN

EARLIER = 60.0  # s before a window; what was due then has been answered or given up
LEAD = 3.0  # s before a failure in which a stall may have caused it: what was held up then has its time-outs now
APART = 1.0  # s between two failures that belong to one cluster
PUNCTUAL = 0.05  # s by which the generator may be late and still is not blind

Times = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TimedRequests:
    """Requests on the history's axis, seconds.

    Attributes:
        due, ended: when each was due, and answered or given up.
        sent: by how much the generator itself was late with it.
        ok: whether it was answered as it should be.
        since, until: when the first window began, and the last one ended.
        earlier: requests that were due shortly before; they tell what was answered at the beginning.
    """

    due: Times
    ended: Times
    sent: Times
    ok: npt.NDArray[np.bool_]
    since: float
    until: float
    earlier: TimedRequests | None = None

    @property
    def latency(self) -> Times:
        """Seconds from when each was due to its answer."""
        return self.ended - self.due

    def good(self, bound: float) -> npt.NDArray[np.bool_]:
        """Answered as it should be, within so many seconds, not counting those in which the generator stood still: it
        neither sends nor hears an answer then.
        """
        return self.ok & (self.latency - np.maximum(self.sent, self._unheard) <= bound)

    def outages(self, bound: float, least: float) -> Outages:
        """Those longer than `least`; an answer later than `bound` counts as missing."""
        parts = [self] if self.earlier is None else [self.earlier, self]
        due, ended = (np.concatenate([getattr(part, name) for part in parts]) for name in ("due", "ended"))
        good = np.concatenate([part.good(bound) for part in parts])
        return outages(due, ended, good, self.until, since=self.since, least=least)

    def blind(self, begin: float, end: float) -> float:
        """For how many seconds of a stretch the generator sent nothing that was due."""
        return sum(max(0.0, min(high, end) - max(low, begin)) for low, high in self._gaps)

    @property
    def _gaps(self) -> Outages:
        """The stretches in which the generator sent nothing that was due."""
        every = np.ones(len(self.due), np.bool_)
        return outages(self.due, self.due + self.sent, every, self.until, least=PUNCTUAL)

    @property
    def _unheard(self) -> Times:
        """For how many seconds of each request the generator stood still."""
        found = np.zeros(len(self.due))
        for low, high in self._gaps:
            found += np.clip(np.minimum(self.ended, high) - np.maximum(self.due, low), 0.0, None)
        return found

    def unexplained(self, bad: npt.NDArray[np.bool_], witness: WitnessedStalls) -> tuple[int, str]:
        """How many of these requests no stall of machine or generator explains, and what explains the others."""
        order = np.argsort(self.due[bad], kind="stable")
        due, ended = self.due[bad][order], self.ended[bad][order]
        left, said = 0, ""
        for low, high in _joined(due, ended, APART):
            held = witness.explains(low, high) or witness.explains(low - LEAD, high)
            explained = held or self._blind_words(low - LEAD, high)
            said = said or explained
            left += 0 if explained else int(((due >= low) & (due <= high)).sum())
        return left, said

    def burst(self, begin: float, end: float, allowed: float) -> str:
        """What explains an outage after the generator stood still, in words: it sends all at once what it could not
        send, which no service has to take as if it came in time. Empty where that does not explain it.
        """
        blind = self.blind(begin - LEAD, end)
        return self._blind_words(begin - LEAD, end) if end - begin - CHAIN * blind <= allowed else ""

    def _blind_words(self, begin: float, end: float) -> str:
        """In words, that the generator stood still for a good part of a stretch; empty where it did not."""
        blind = self.blind(begin, end)
        said = f"the load generator stood still for {blind:.1f} s of these {end - begin:.1f} s"
        return said if blind >= SHARE * (end - begin) else ""


def load(
    events: Sequence[Event], windows: Sequence[Event[WorkloadWindow]], samples: Samples | None
) -> TimedRequests | str | None:
    """The requests of some windows.

    None where they are not needed, or were kept in memory only; a text where they ought to be there and are not.
    """
    starts: dict[int | None, Event[WorkloadStart]] = {event.id: event for event in of(events, WorkloadStart)}
    if samples is None or not any(_saved(starts.get(window.body.start)) for window in windows):
        return None
    streams: dict[int | None, Stream] = {stream.start: stream for stream in samples.streams}
    parts, before, spans = list[Records](), list[Records](), list[tuple[float, float]]()
    for window in windows:
        stream = streams.get(window.body.start)
        if stream is None or stream.problem:
            return stream.problem if stream is not None else "no samples of its load"
        first, last = window.body.first or 0, window.body.last or 0
        final = stream.records[stream.records["flags"] & FINAL != 0].copy()
        final["intended"] += stream.at
        mine = final[(final["n"] >= first) & (final["n"] < last)]
        counted = window.body.sent + window.body.shed
        if len(mine) < counted:
            return f"{len(mine)} samples, and {counted} were counted"
        spans.append(span(events, window))
        parts.append(mine)
        if len(parts) == 1:
            recent = final["intended"] > spans[0][0] - EARLIER
            before.append(final[(final["n"] < first) & recent])
    since, until = min(begin for begin, _ in spans), max(end for _, end in spans)
    return _made(np.concatenate(parts), since, until, _made(np.concatenate(before), since, until))


def _made(records: Records, since: float, until: float, earlier: TimedRequests | None = None) -> TimedRequests:
    found = np.sort(records, order="intended", kind="stable")
    due, latency, sent = (found[name].astype(np.float64) for name in ("intended", "latency", "sent"))
    return TimedRequests(due, due + latency, sent, found["flags"] & OK != 0, since, until, earlier)


def span(events: Sequence[Event], window: Event[WorkloadWindow]) -> tuple[float, float]:
    """From when to when a `workload` window lasted, on the history's axis in seconds."""
    number, seconds = window.body.start, window.body.seconds
    start = next((event for event in of(events, WorkloadStart) if event.id == number), None)
    began = window.body.began
    if start is None or began is None:  # in an older history; the event is recorded at the window's end
        return window.since_start - seconds, window.since_start
    begin = start.body.at + began - start.body.began
    return begin, begin + seconds


def _saved(start: Event[WorkloadStart] | None) -> bool:
    return start is not None and bool(start.body.file)


def _joined(begins: Times, ends: Times, apart: float) -> Iterator[tuple[float, float]]:
    """Stretches, in the order of their beginnings; those that overlap, or are closer than `apart`, as one."""
    stretch: tuple[float, float] | None = None
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        if stretch is not None and begin > stretch[1] + apart:
            yield stretch
            stretch = None
        stretch = (begin, end) if stretch is None else (stretch[0], max(stretch[1], end))
    if stretch is not None:
        yield stretch
