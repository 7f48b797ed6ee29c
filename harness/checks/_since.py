"""Whether a load is slower than in an earlier run: by the statistics of the checks `recovery` and `performance`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.checks._blocks import ArmRequests, block_seconds, logs, quantile
from harness.checks._evidence import listed
from harness.checks._noninferiority import ArmComparison, compare
from harness.checks._requests import TimedRequests, load
from harness.checks._slower import FEWEST, SHARES, slower
from harness.checks._workload import milliseconds
from harness.events import WorkloadWindow
from harness.history import Event, of
from harness.samples import Samples
from harness.verdict import Outcome

TOLERANCES = {"p50": 0.10, "p95": 0.25, "p99": 0.50}  # as the check `recovery` has them
ALPHA = 0.05 / len(TOLERANCES)  # of each bound
FACTOR, ALLOWANCE = 3.0, 0.05  # as the check `performance` has them


@dataclass(frozen=True, slots=True)
class PhaseComparison:
    """What the requests of a phase say in two runs.

    Attributes:
        slower: what is slower, in words, with both figures or the bounds of their ratio.
        untold: why a smaller difference cannot be told; empty where it could.
    """

    slower: tuple[str, ...] = ()
    untold: str = ""


def compared(
    then: tuple[Sequence[Event], Samples], now: tuple[Sequence[Event], Samples], phase: str
) -> PhaseComparison | None:
    """Compare the load of a phase of two runs; None where one of them has none."""
    windows = [tuple(_own(events, phase)) for events, _ in (then, now)]
    if not all(windows):
        return None
    found = [load(events, own, samples) for (events, samples), own in zip((then, now), windows, strict=True)]
    old, new = found
    if not isinstance(old, TimedRequests) or not isinstance(new, TimedRequests):
        missing = next((one for one in found if isinstance(one, str)), "its requests were not saved one by one")
        return PhaseComparison(untold=missing)
    fine, untold = _finely(old, new)
    return PhaseComparison((*fine, *_coarsely(old, new)), untold)


def _own(events: Sequence[Event], phase: str) -> Iterator[Event[WorkloadWindow]]:
    return (event for event in of(tuple(events), WorkloadWindow, phase) if event.arm != "control")


def _coarsely(old: TimedRequests, new: TimedRequests) -> Iterator[str]:
    """What is grossly slower: of all answers, of one kind of request or one server, or of a few answers."""
    was, now = np.sort(old.served[old.ok]), np.sort(new.served[new.ok])
    for name, fewest in FEWEST.items():
        if min(len(was), len(now)) >= fewest:
            before, after = quantile(was, SHARES[name]), quantile(now, SHARES[name])
            if after > FACTOR * before + ALLOWANCE:
                yield f"{name} {milliseconds(after)}, {milliseconds(before)} then"
    yield from (one.words.replace(" before", " then") for one in slower(old, new, FACTOR, ALLOWANCE))


def _finely(old: TimedRequests, new: TimedRequests) -> tuple[tuple[str, ...], str]:
    """What is slower with a stated confidence, block by block; and why that cannot be said, where it cannot."""
    arms = [ArmRequests(one.due, one.latency, one.ok, one.sent) for one in (old, new)]
    spans = [(old.since, old.until), (new.since, new.until)]
    said, short = list[str](), list[str]()
    for name, tolerance in TOLERANCES.items():
        compared_ = _blocks(arms, spans, name, tolerance)
        if compared_ is None:
            short.append(name)
        elif compared_.outcome is Outcome.FAIL:
            bounds = f"{compared_.low:.2f} to {compared_.high:.2f}"
            said.append(f"{name} {compared_.ratio:.2f} times that of then ({bounds} with 95 % confidence)")
    few = f"too short for {listed(short)}: only differences of more than {FACTOR:g} times are seen"
    return tuple(said), few if short else ""


def _blocks(
    arms: Sequence[ArmRequests], spans: Sequence[tuple[float, float]], name: str, tolerance: float
) -> ArmComparison | None:
    """The comparison of a quantile; None where there are too few blocks with enough requests."""
    lengths = [block_seconds([arm], [one], name) for arm, one in zip(arms, spans, strict=True)]
    known = [length for length in lengths if length is not None]
    if len(known) < len(lengths):
        return None
    seconds = max(known)
    before, after = (logs(arm, one, seconds, name) for arm, one in zip(arms, spans, strict=True))
    return compare(np.asarray(before), np.asarray(after), tolerance, ALPHA)
