"""The requests of a phase, one by one: outages, failures and late answers, and where the generator saw nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.checks._windows import span
from harness.checks._witness import SHARE, WitnessedStalls
from harness.events import WorkloadStart, WorkloadWindow
from harness.history import Event, of
from harness.outages import Outages, outages
from harness.samples import FINAL, KEPT_CLOSED, OK, Samples, Stream
from harness.samples.records import Records
from harness.stalls import CHAIN

EARLIER = 60.0  # s before a window; what was due then has been answered or given up
LEAD = 3.0  # s before a failure in which a stall may have caused it: what was held up then has its time-outs now
APART = 1.0  # s between two failures that belong to one cluster
IN_A_ROW = 5  # requests of one kind, or of one server, that failed one after the other: fewer may be chance
PUNCTUAL = 0.05  # s by which the generator may be late and still is not blind

Times = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]
Columns = Mapping[str, npt.NDArray[Any]]  # of `TimedRequests`, by name


@dataclass(frozen=True)
class TimedRequests:
    """Requests on the history's axis, seconds.

    Attributes:
        due, ended: when each was due, and answered or given up.
        sent: by how much the generator itself was late with it.
        ok: whether it was answered as it should be.
        since, until: when the first window began, and the last one ended.
        kinds, servers: of each, which request of the mix it is, and who answered; empty where that is not known.
        earlier: requests that were due shortly before; they tell what was answered at the beginning.
    """

    due: Times
    ended: Times
    sent: Times
    ok: npt.NDArray[np.bool_]
    since: float
    until: float
    kinds: Names | None = None
    servers: Names | None = None
    earlier: TimedRequests | None = None

    @property
    def groups(self) -> Mapping[str, npt.NDArray[np.bool_]]:
        """Which requests are of one kind, and which one server answered, by words that name them; only where there are
        several.
        """
        found = {}
        for every, words in ((self.kinds, "{} requests"), (self.servers, "answers of {}")):
            names = sorted(set(every.tolist()) - {""}) if every is not None else []
            found.update({words.format(name): every == name for name in names if len(names) > 1})
        return found

    @property
    def latency(self) -> Times:
        """Seconds from when each was due to its answer."""
        return self.ended - self.due

    def good(self, bound: float) -> npt.NDArray[np.bool_]:
        """Answered as it should be, within so many seconds, not counting those in which the generator stood still: it
        neither sends nor hears an answer then.
        """
        return self.ok & (self.served <= bound)

    @property
    def served(self) -> Times:
        """The latency without the time in which the generator stood still."""
        return self.latency - np.maximum(self.sent, self._unheard)

    def outages(self, bound: float, least: float) -> Outages:
        """Those longer than `least`; an answer later than `bound` counts as missing."""
        parts = [self] if self.earlier is None else [self.earlier, self]
        due, ended = (np.concatenate([getattr(part, name) for part in parts]) for name in ("due", "ended"))
        good = np.concatenate([part.good(bound) for part in parts])
        return outages(due, ended, good, self.until, since=self.since, least=least)

    def partial_outages(self, bound: float, least: float) -> list[tuple[str, float, float, int]]:
        """Where one kind of request, or everything that one server answered, failed while others did not: which, from
        and to when those were due that failed one after the other, and how many. Those longer than `least`.
        """
        found = []
        bad = ~self.good(bound)
        for names, word in ((self.kinds, "request of kind {}"), (self.servers, "request answered by {}")):
            several = [] if names is None else [name for name in np.unique(names).tolist() if name]
            for name in several if len(several) > 1 else ():
                mine = names == name
                due, failed = self.due[mine], bad[mine]
                for first, last in _runs(failed):
                    if last - first + 1 >= IN_A_ROW and due[last] - due[first] > least:
                        found.append((word.format(name), float(due[first]), float(due[last]), last - first + 1))
        return found

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
    parts, before, spans = list[Columns](), list[Columns](), list[tuple[float, float]]()
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
        parts.append(_columns(mine, stream))
        if len(parts) == 1:
            recent = final["intended"] > spans[0][0] - EARLIER
            before.append(_columns(final[(final["n"] < first) & recent], stream))
    since, until = min(begin for begin, _ in spans), max(end for _, end in spans)
    return _joined_up(parts, since, until, _joined_up(before, since, until))


def whole_load(starts: Sequence[Event[WorkloadStart]], samples: Samples | None, until: float) -> TimedRequests | str:
    """All requests of these loads, whichever window they are in; a text where they are not there."""
    streams: dict[int | None, Stream] = {stream.start: stream for stream in (samples.streams if samples else ())}
    parts = list[Columns]()
    for start in starts:
        stream = streams.get(start.id)
        if stream is None or stream.problem:
            return stream.problem if stream is not None else "the requests were not saved"
        final = stream.records[stream.records["flags"] & FINAL != 0].copy()
        final["intended"] += stream.at
        parts.append(_columns(final, stream))
    return _joined_up(parts, 0.0, until) if parts else "there was no load"


def _columns(records: Records, stream: Stream) -> Columns:
    """Without those whose kept connection was closed before any byte of an answer: nobody knows what came of them."""
    found = records[(records["outcome"] != KEPT_CLOSED) | (records["flags"] & OK != 0)]
    due, latency, sent = (found[name].astype(np.float64) for name in ("intended", "latency", "sent"))
    kinds = np.array([*stream.requests, ""])
    numbers = np.minimum(found["request"].astype(np.int64), len(kinds) - 1)
    servers = np.array([stream.servers.get(number, "") for number in range(max(stream.servers, default=0) + 2)])
    who = np.minimum(found["server"].astype(np.int64), len(servers) - 1)
    which = {"kinds": kinds[numbers], "servers": servers[who]}
    return {"due": due, "ended": due + latency, "sent": sent, "ok": found["flags"] & OK != 0, **which}


def _joined_up(
    parts: Sequence[Columns], since: float, until: float, earlier: TimedRequests | None = None
) -> TimedRequests:
    """The requests of several windows as one, in the order in which they were due."""
    order = np.argsort(np.concatenate([one["due"] for one in parts]), kind="stable")
    every = {name: np.concatenate([one[name] for one in parts])[order] for name in parts[0]}
    return TimedRequests(**every, since=since, until=until, earlier=earlier)


def _runs(which: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """The first and the last place of each stretch that is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], which, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True)


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
