"""The service stays available while something happens to it: during the deployment, during the rollback."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.checks._evidence import Findings
from harness.checks._witness import WitnessedStalls
from harness.checks._workload import WindowTotals, measured, milliseconds, percent, window
from harness.history import Event
from harness.samples import Samples
from harness.verdict import Verdict

if TYPE_CHECKING:
    import numpy as np

    from harness.checks._requests import TimedRequests

NAME = "availability"
LATE = 1.0  # s; an answer within this is not late, however fast the baseline was
SLOWER = 10.0  # times the baseline's p99 after which an answer is late


def check(
    events: Iterable[Event],
    *,
    phase: str,
    samples: Samples | None = None,
    longest_outage: float = 1.0,
    budget: float = 0.01,
    latency: float | None = None,
    baseline: str = "baseline",
) -> Verdict:
    """No outage in the phase is longer, and no larger share of requests fails or is answered late, than allowed.

    An outage is any stretch in which a request was due and no good answer came; one kind of request, and what one
    server answers, can be out by itself. A late answer is no good one. What the
    generator itself did not send in time was not seen, and where the machine stood still an outage proves nothing:
    the verdict is unknown then.

    Args:
        events: the history (`workload`, `witness`).
        phase: the phase in which it happens.
        samples: of the workload; without them the windows' own figures are taken.
        longest_outage: seconds that an outage may last.
        budget: the share of requests that may fail or be late, 0 to 1.
        latency: seconds after which an answer is late; None for ten times the p99 of the baseline, 1 s at least.
        baseline: the phase that this is taken from. Where it was not measured, no answer is late.
    """
    events = tuple(events)
    findings = Findings(NAME)
    bound = latency if latency is not None else _usual(events, baseline)
    found = measured(findings, events, phase, samples, blind=longest_outage)
    good = ""
    if found is not None and found.load is not None:
        good = _judge(findings, events, found, found.load, longest_outage, budget, bound)
    elif found is not None:
        good = _by_figures(findings, found, longest_outage, budget, bound)
    return findings.verdict(
        good,
        look="which step ran during the outage: the timeline of steps, and the deployer's output",
        look_unknown="the workload's rate, and whether the machine is too busy to send it",
    )


def _usual(events: tuple[Event, ...], baseline: str) -> float:
    """The latency after which an answer is late, from the baseline."""
    before = window(events, baseline)
    if not isinstance(before, WindowTotals) or before.p99 is None:
        return math.inf
    return max(LATE, SLOWER * before.p99)


def _judge(
    findings: Findings,
    events: tuple[Event, ...],
    found: WindowTotals,
    load: TimedRequests,
    most: float,
    budget: float,
    bound: float,
) -> str:
    witness = WitnessedStalls(events)
    out = [(end - begin, _stall(load, witness, begin, end, most)) for begin, end in load.outages(bound, most)]
    if out:  # the longest that nothing explains, else the longest
        lasted, stall = max(out, key=lambda one: (not one[1], one[0]))
        said = f"no request was answered in time for {lasted:.1f} s, longer than {most:g} s{found.why}"
        findings.timed(said, stall, *found.events)
    for which, begin, end, count in () if out else load.partial_outages(bound, most):
        stall = _stall(load, witness, begin, end, most)
        said = f"no {which} was answered in time for {end - begin:.1f} s, longer than {most:g} s, and {count} were due"
        findings.timed(said + found.why, stall, *found.events)
    bad = ~load.good(bound)
    late = int((load.ok & bad).sum())
    _share(findings, found, load, bad, late, budget, bound, witness)
    longest = max((end - begin for begin, end in load.outages(bound, 0.0)), default=0.0)
    slow = f", {late} answered later than {milliseconds(bound)}" if late else ""
    return f"{percent(found.share)} of {found.tried} requests failed{slow}, longest outage {longest:.1f} s"


def _stall(load: TimedRequests, witness: WitnessedStalls, begin: float, end: float, most: float) -> str:
    """What explains an outage, in words; empty where nothing does."""
    blind = load.blind(begin, end)
    if end - begin - blind <= most:
        return f"the load generator stood still for {blind:.1f} s of these {end - begin:.1f} s"
    return witness.explains(begin, end, end - begin, most) or load.burst(begin, end, most)


def _share(
    findings: Findings,
    found: WindowTotals,
    load: TimedRequests,
    bad: np.ndarray,
    late: int,
    budget: float,
    bound: float,
    witness: WitnessedStalls,
) -> None:
    """Whether more requests failed, or were answered late, than may."""
    count = int(bad.sum())
    if count <= budget * len(bad):
        return
    left, stall = load.unexplained(bad, witness)
    said = f"{percent(count / len(bad))} of {len(bad)} requests failed"
    said += f" or were answered later than {milliseconds(bound)} ({late})" if late else ""
    said += f", more than {percent(budget)}{found.why}"
    findings.timed(said, stall if left <= budget * len(bad) else "", *found.events)


def _by_figures(findings: Findings, found: WindowTotals, most: float, budget: float, bound: float) -> str:
    """What the windows say of themselves, where their samples were kept in memory only."""
    if found.outage > most:
        said = f"no request was answered in time for {found.outage:.1f} s, longer than {most:g} s"
        findings.fail(said + found.why, *found.events)
    if found.share > budget:
        said = f"{percent(found.share)} of {found.tried} requests failed, more than {percent(budget)}"
        findings.fail(said + found.why, *found.events)
    if found.p99 is not None and found.p99 > bound:
        findings.missing(f"the p99 of the answers is {milliseconds(found.p99)}: how many were late is not known")
    return f"{percent(found.share)} of {found.tried} requests failed, longest outage {found.outage:.1f} s"
