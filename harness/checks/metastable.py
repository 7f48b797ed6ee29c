"""The overload ended with its cause: it does not keep itself alive by retries, queues and waiting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.checks._arms import Arms, find
from harness.checks._evidence import Findings
from harness.checks._workload import percent
from harness.events import ProbeQueue, WorkloadWindow
from harness.history import Event, of
from harness.samples import NO_SAMPLES, SHED, Samples
from harness.verdict import Verdict

if TYPE_CHECKING:
    from harness.checks._blocks import ArmRequests

NAME = "metastable"
GOODPUT = 0.99  # of what was offered has to be answered well
ATTEMPTS = 1.05  # for each request at most
BIN = 1.0  # s in which goodput is looked at, to find when it came back
STEADY = 3  # bins that have to be good at the end, or it did not come back
OVERLOADED = 1.5  # times the baseline's work in flight, and one request
AGE = 1.0  # s that the oldest job may be older than in the baseline
MIN_REQUESTS = 20  # requests; fewer say nothing


def check(
    events: Iterable[Event],
    *,
    phase: str,
    samples: Samples = NO_SAMPLES,
    outage: float,
    utilisation: float,
    baseline: str = "baseline",
    restart: float = 0.0,
    held: float = 10.0,
    push: str | None = None,
) -> Verdict:
    """After the trigger is gone, at unchanged load, everything comes back in its time, stays, and takes a push.

    Goodput is 99 % of what is offered and attempts are at most 1.05 for each request in the last `held` seconds; work
    in flight and the age of the oldest job are back at the baseline; it took at most 2 U D / (1 - U), the time in which
    a queue of the outage's length drains twice over, and the restart.

    Args:
        events: the history (`workload.start`, `workload`, `probe.queue`).
        samples: of the workload.
        phase: begins when the trigger is gone.
        outage: D, seconds that the trigger lasted.
        utilisation: U, the share of the capacity that the load takes, 0 to below 1.
        baseline: the phase before the trigger.
        restart: seconds that starting again takes.
        held: twice the longest backoff, time to live or pool timeout: so long it has to last.
        push: the phase of a push of more load, which must be absorbed; None where there was none.
    """
    events = tuple(events)
    findings = Findings(NAME)
    found = find(events, samples, baseline, phase, 0.0, None)
    good = ""
    if isinstance(found, str):
        findings.missing(found)
    elif found.problems:
        findings.missing(found.problems[0])
    elif not 0.0 <= utilisation < 1.0:
        findings.missing(f"a utilisation of {utilisation:g} has no time to recover: it has to be below 1")
    else:
        findings.saw(*found.windows)
        allowed = 2.0 * utilisation * outage / (1.0 - utilisation) + restart
        good = _judge(findings, events, samples, found, phase, baseline, held, allowed)
        if push is not None:
            good += _pushed(findings, events, push)
    return findings.verdict(
        good,
        look="what is tried again, by whom and how often; and whether work is done for callers that have given up",
        look_unknown="whether the load ran on for long enough after the trigger",
    )


@dataclass(frozen=True, slots=True)
class _Load:
    """How many requests a stretch of time offered, how many of them were answered well, and how often it was tried."""

    offered: int
    answered: int
    attempts: int


def _judge(
    findings: Findings, events: tuple[Event, ...], samples: Samples, arms: Arms, phase: str, baseline: str, held: float,
    allowed: float,
) -> str:  # fmt: skip
    begin, end = arms.after
    if end - begin < held:
        findings.missing(f"it was watched for {end - begin:.0f} s, and has to hold for {held:g} s")
        return ""
    took = _came_back(arms)
    if took is not None and took > allowed:
        findings.timed(f"goodput came back after {took:.0f} s, later than {allowed:.0f} s", arms.stall, *arms.windows)
    if took is not None and end - begin - took < held:
        findings.missing(f"goodput came back {end - begin - took:.0f} s before the end, and has to hold for {held:g} s")
        return ""
    last = _load(arms, samples, end - held, end)
    if last.offered < MIN_REQUESTS:
        findings.missing(f"only {last.offered} requests were due in the last {held:g} s")
        return ""
    goodput, attempts = last.answered / last.offered, last.attempts / last.offered
    if goodput < GOODPUT:
        findings.timed(
            f"goodput is {percent(goodput)} of what is offered, long after the trigger", arms.stall, *arms.windows
        )
    if attempts > ATTEMPTS:
        said = f"there are {attempts:.2f} attempts for each request"
        findings.timed(f"{said}: retries keep the load up", arms.stall, *arms.windows)
    _in_flight(findings, arms, end - held, end)
    _age(findings, events, phase, baseline)
    back = f"goodput is back after {took or 0.0:.0f} s of {allowed:.0f} s and held"
    return f"{back}, {attempts:.2f} attempts a request"


def _load(arms: Arms, samples: Samples, begin: float, end: float) -> _Load:
    part = arms.subject.between(begin, end)
    starts = {event.body.start for event in arms.windows}
    attempts = 0
    for stream in samples.streams:
        if stream.start in starts:
            due = stream.at + stream.records["intended"]
            attempts += int(((due >= begin) & (due < end) & (stream.records["outcome"] != SHED)).sum())
    return _Load(len(part.due), int(part.ok.sum()), attempts)


def _came_back(arms: Arms) -> float | None:
    """Seconds from the phase's beginning to the first bin from which on goodput is as it should be; None if never."""
    import numpy as np

    begin, end = arms.after
    edges = begin + BIN * np.arange(int((end - begin) / BIN) + 1)
    cuts = np.searchsorted(arms.subject.due, edges)
    for n in range(len(cuts) - 1, 0, -1):
        part = arms.subject.ok[cuts[n - 1] : cuts[n]]
        if len(part) and part.mean() < GOODPUT:
            return float(edges[n] - begin) if n <= len(cuts) - 1 - STEADY else None
    return 0.0


def _mean_in_flight(part: ArmRequests, seconds: float) -> float:
    """By Little's law: the mean of the work in flight."""
    return float(part.latency.sum()) / seconds if seconds > 0.0 else 0.0


def _in_flight(findings: Findings, arms: Arms, begin: float, end: float) -> None:
    before = _mean_in_flight(arms.subject.between(*arms.before), arms.before[1] - arms.before[0])
    after = _mean_in_flight(arms.subject.between(begin, end), end - begin)
    if after > OVERLOADED * before + 1.0:
        findings.timed(f"{after:.1f} requests are in flight, {before:.1f} in the baseline", arms.stall, *arms.windows)


def _age(findings: Findings, events: tuple[Event, ...], phase: str, baseline: str) -> None:
    """The oldest job; a stack whose queue cannot be asked for it has none to judge."""
    ages = [[event.body.age for event in of(events, ProbeQueue, name)] for name in (baseline, phase)]
    before, after = ([age for age in found if age is not None] for found in ages)
    if before and after and after[-1] > max(before) + AGE:
        last = of(events, ProbeQueue, phase)[-1]
        findings.fail(f"the oldest job waits for {after[-1]:.1f} s, {max(before):.1f} s in the baseline", last)


def _pushed(findings: Findings, events: tuple[Event, ...], push: str) -> str:
    windows = of(events, WorkloadWindow, push)
    findings.saw(*windows)
    if not windows:
        findings.missing(f"the push was not measured in the phase {push}")
        return ""
    offered = sum(event.body.intended for event in windows)
    answered = sum(event.body.ok for event in windows)
    if offered < MIN_REQUESTS:
        findings.missing(f"the push had {offered} requests: too few to say anything")
    elif answered < GOODPUT * offered:
        findings.fail(f"the push was not absorbed: {answered} of {offered} requests were answered", *windows)
    return "; a push was absorbed"
