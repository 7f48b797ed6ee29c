"""What a run was like, as plain series on one axis: seconds since the history began.

Everything that the drawing knows of kinds of events and their fields stands here. A field that is missing or damaged
leaves a gap.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.events import (
    ContainerChange,
    DeployerEnd,
    DeployerStart,
    FaultHeal,
    FaultInject,
    IncidentLink,
    ProbeLog,
    ProbeQueue,
    ProbeRelease,
    ProbeReplica,
    ReplicaReplace,
    StepEnd,
    StepStart,
    VerdictGiven,
)
from harness.history import Event, of
from harness.samples import CODES, FINAL, OK, Samples, Stream

BINS = 240  # at most
NICE = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)  # seconds of a bin

ENDS = ("die", "oom", "restart", "kill", "stop")  # what a mark is made for


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve: `None` is a gap. `beside` marks the control's."""

    label: str
    times: Sequence[float]
    values: Sequence[float | None]
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves that share a unit. `missing` says why there are none."""

    title: str
    unit: str
    lines: tuple[Curve, ...] = ()
    log: bool = False
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasted."""

    start: float
    end: float
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a moment."""

    at: float
    text: str
    kind: str
    event: int


@dataclass(frozen=True, slots=True)
class Series:
    """All of it."""

    begin: float
    end: float
    bin: float
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...]
    panels: tuple[Panel, ...]
    releases: tuple[tuple[str, tuple[Span, ...]], ...]
    problems: tuple[str, ...] = field(default=())


def series(events: Sequence[Event], samples: Samples) -> Series:
    """Read it out of a history."""
    times = [event.since_start for event in events if math.isfinite(event.since_start)]
    begin, end = (min(times), max(times)) if times else (0.0, 1.0)
    end = max(end, begin + 1.0)
    step = next((nice for nice in NICE if (end - begin) / nice <= BINS), (end - begin) / BINS)
    edges = begin + step * np.arange(math.ceil((end - begin) / step) + 1)
    panels = (
        *_load(samples, edges),
        _queue(events),
        _age(events),
        _logs(events),
        _per_replica(events, lambda body: body.cpu, "CPU", "cores", rate=True),
        _per_replica(events, lambda body: body.memory, "Memory", "MiB", scale=1 / (1 << 20)),
    )
    marks, releases = _marks(events), _releases(events, end)
    return Series(begin, end, step, _spans(events, end), marks, panels, releases, samples.problems())


# -- the load ----------------------------------------------------------------------------------------------------------


def _load(samples: Samples, edges: np.ndarray) -> list[Panel]:
    arms = [(arm, [one for one in samples.streams if one.arm == arm]) for arm in ("subject", "control")]
    found = {arm: _final(streams) for arm, streams in arms if any(len(one.records) for one in streams)}
    if "subject" not in found:
        why = "the run has no samples of its workload"
        return [Panel(title, "", missing=why) for title in ("Latency", "Requests", "Errors", "In flight")]
    middles = (edges[:-1] + (edges[1] - edges[0]) / 2).tolist()
    latency, requests, flight = list[Curve](), list[Curve](), list[Curve]()
    for arm, (due, records) in found.items():
        beside, whose = arm == "control", " (control)" if arm == "control" else ""
        cuts = np.searchsorted(due, edges)
        good = records["flags"] & OK != 0
        parts = [slice(a, b) for a, b in itertools.pairwise(cuts)]
        for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
            values = [_quantile(records["latency"][part][good[part]], q) for part in parts]
            latency.append(Curve(name + whose, middles, values, beside))
        width = float(edges[1] - edges[0])
        offered = [(part.stop - part.start) / width if part.stop > part.start else None for part in parts]
        answered = [float(good[part].sum()) / width if part.stop > part.start else None for part in parts]
        requests += [
            Curve("due" + whose, middles, offered, beside),
            Curve("answered" + whose, middles, answered, beside),
        ]
        flight.append(Curve("in flight" + whose, middles, _in_flight(due, records, edges), beside))
    return [
        Panel("Latency", "ms", tuple(latency), log=True),
        Panel("Requests", "per second", tuple(requests)),
        _errors(*found["subject"], edges, middles),
        Panel("In flight", "requests", tuple(flight)),
    ]


def _final(streams: Iterable[Stream]) -> tuple[np.ndarray, np.ndarray]:
    """When each request was due, and its last attempt, in that order."""
    parts = [(one.at + one.records["intended"], one.records) for one in streams]
    due, records = (np.concatenate(part) for part in zip(*parts, strict=True))
    last = records["flags"] & FINAL != 0
    due, records = due[last], records[last]
    order = np.argsort(due, kind="stable")
    return due[order], records[order]


def _quantile(values: np.ndarray, q: float) -> float | None:
    """In milliseconds; None where too few answers came to speak of it."""
    return 1000.0 * float(np.quantile(values, q)) if len(values) >= 5 else None


def _in_flight(due: np.ndarray, records: np.ndarray, edges: np.ndarray) -> list[float | None]:
    """The mean number in each bin: how long requests were under way in it, by its length. Samples at the edges would
    beat with the even spacing of the requests.
    """
    spent = _spent(due, edges) - _spent(np.sort(due + records["latency"]), edges)
    return [float(one) for one in np.diff(spent) / np.diff(edges)]


def _spent(moments: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """For each edge, the time since all moments before it, summed up."""
    before = np.searchsorted(moments, edges)
    sums = np.concatenate([[0.0], np.cumsum(moments)])
    return np.asarray(before * edges - sums[before])


def _errors(due: np.ndarray, records: np.ndarray, edges: np.ndarray, middles: list[float]) -> Panel:
    bad = records["flags"] & OK == 0
    codes, counts = np.unique(records["outcome"][bad], return_counts=True)
    lines = []
    for code in codes[np.argsort(-counts)][:6].tolist():
        hits, _ = np.histogram(due[bad & (records["outcome"] == code)], edges)
        lines.append(Curve(CODES.get(code, f"status {code}"), middles, (hits / (edges[1] - edges[0])).tolist()))
    return Panel("Errors", "per second", tuple(lines), missing="" if lines else "no request failed")


# -- probes ------------------------------------------------------------------------------------------------------------


def _queue(events: Sequence[Event]) -> Panel:
    looks = of(events, ProbeQueue)
    line = Curve("depth", [one.since_start for one in looks], [one.body.depth for one in looks])
    known = any(value is not None for value in line.values)
    return Panel("Queue", "jobs", (line,) if known else (), missing="" if known else "the queue was not asked")


def _age(events: Sequence[Event]) -> Panel:
    looks = of(events, ProbeQueue)
    line = Curve("age", [one.since_start for one in looks], [one.body.age for one in looks])
    known = any(value is not None for value in line.values)
    missing = "" if known else "the age of the oldest job was not asked"
    return Panel("Oldest job", "s", (line,) if known else (), missing=missing)


def _logs(events: Iterable[Event]) -> Panel:
    """Records a second, for the time that each report of the log covers."""
    found: dict[str, tuple[list[float], list[float | None]]] = {}
    for event in of(events, ProbeLog):
        seconds, records = event.body.seconds, event.body.records
        times, values = found.setdefault(event.body.replica, ([], []))
        if seconds and "records" not in event.damaged:
            times += [event.since_start - seconds, event.since_start, event.since_start]
            values += [records / seconds, records / seconds, None]
    lines = tuple(Curve(replica, *points) for replica, points in sorted(found.items()))
    return Panel("Log records", "per second", lines, missing="" if lines else "no log was watched")


def _per_replica(
    events: Iterable[Event],
    value: Callable[[ProbeReplica], float | None],
    title: str,
    unit: str,
    *,
    scale: float = 1.0,
    rate: bool = False,
) -> Panel:
    found: dict[str, list[tuple[float, float | None]]] = {}
    for event in of(events, ProbeReplica):
        points = found.setdefault(event.body.replica, [])
        points.append((event.since_start, value(event.body)))
    lines = []
    for replica, points in sorted(found.items()):
        times, values = [at for at, _ in points], [None if one is None else one * scale for _, one in points]
        if any(value is not None for value in values):
            lines.append(Curve(replica, times, _rate(times, values) if rate else values))
    return Panel(title, unit, tuple(lines), missing="" if lines else "it was not sampled")


def _rate(times: list[float], values: list[float | None]) -> list[float | None]:
    made: list[float | None] = [None]
    for (a, old), (b, new) in itertools.pairwise(zip(times, values, strict=True)):
        known = old is not None and new is not None and b > a and new >= old
        made.append((new - old) / (b - a) if known else None)  # type: ignore[operator]
    return made


def _releases(events: Iterable[Event], end: float) -> tuple[tuple[str, tuple[Span, ...]], ...]:
    """Which release each replica said that it runs, or was made for, and from when to when."""
    found: dict[str, list[tuple[float, str]]] = {}
    for event in events:
        body = event.body
        if not isinstance(body, ProbeRelease | ProbeReplica | ReplicaReplace):
            continue
        if isinstance(body, ProbeReplica) and body.release is None and "release" not in body.missing:
            continue  # it was not asked here: what an image tells is told elsewhere
        runs, seen = body.release or "", found.setdefault(body.replica, [])
        if not seen or seen[-1][1] != runs:
            seen.append((event.since_start, runs))
    made = []
    for replica, seen in sorted(found.items()):
        ends = [at for at, _ in seen[1:]] + [end]
        spans = tuple(Span(at, until, runs, "release") for (at, runs), until in zip(seen, ends, strict=True) if runs)
        if spans:
            made.append((replica, spans))
    return tuple(made)


# -- what happened -----------------------------------------------------------------------------------------------------


def _spans(events: Sequence[Event], end: float) -> tuple[Span, ...]:
    """Phases, runs of the deployer, and faults."""
    over = (StepEnd, DeployerEnd, FaultHeal)
    ends = {event.body.start: event.since_start for event in events if isinstance(event.body, over)}
    made = []
    for event in events:
        body, until = event.body, ends.get(event.id, end)
        if isinstance(body, StepStart) and body.name == event.phase:
            made.append(Span(event.since_start, until, body.title, "phase"))
        elif isinstance(body, DeployerStart):
            made.append(Span(event.since_start, until, " ".join(body.command) or body.verb, "deployer"))
        elif isinstance(body, FaultInject):
            made.append(Span(event.since_start, until, body.title, "fault"))
    return tuple(made)


def _marks(events: Iterable[Event]) -> tuple[Mark, ...]:
    """Containers that ended or were replaced, and verdicts that are no pass."""
    made = []
    for event in events:
        match event.body:
            case ReplicaReplace() as body:
                kind, text = "container", f"{body.replica}: replaced by {body.release}"
            case ContainerChange() as body if body.action in ENDS and not body.replaced:
                kind, text = "container", f"{body.replica}: {body.action}"
            case VerdictGiven() as body if body.outcome in ("fail", "unknown"):
                kind, text = "verdict", f"{body.check}: {body.outcome}"
            case IncidentLink() as body:
                kind, text = "incident", body.text
            case _:
                continue
        made.append(Mark(event.since_start, text, kind, event.id))
    return tuple(made)
