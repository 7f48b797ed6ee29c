"""Nothing leaks: no figure of a replica or server grows through a phase so that it would reach its limit."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from harness.checks._evidence import Findings, counted
from harness.checks._trend import FEWEST, Trend, trend
from harness.checks._usage import MEBIBYTE, OF_MEMORY, Usage, used
from harness.history import Event
from harness.verdict import Verdict

if TYPE_CHECKING:
    from harness.checks._trend import Values

    Points = tuple[Values, Values]

NAME = "growth"
CONFIDENCE = 0.999  # of each bound: there are many figures
WARM = 1.0 / 3.0  # of the phase, in which a release fills its caches and pools
# So much has to be gained after that, else it may be the noise of a sound server.
LEAST = {
    "resident": 4.0 * MEBIBYTE, "shared": 4.0 * MEBIBYTE, "descriptors": 10.0, "threads": 8.0, "processes": 6.0,
    "connections": 10.0, "clients": 10.0, "channels": 10.0,
}  # fmt: skip
TIMES = 4.0  # times what it uses: taken for the limit where none is known
EVERY = 10.0  # s
HORIZON = 24 * 3600.0  # s; a release stays at least that long


def check(
    events: Iterable[Event],
    *,
    phase: str,
    replicas: Collection[str] = (),
    horizon: float = HORIZON,
) -> Verdict:
    """No figure grows in both halves of the time after it has warmed up, so fast that it comes to its limit in time.

    Memory, own and shared, descriptors, threads and processes of each replica, and the connections to servers that are
    watched. The slope is a median of all pairs' (Theil, Sen) and has to be above 0 at 99.9 % confidence in both halves;
    what grows once and stays does not count. The limit is the replica's memory limit, else four times what is used.

    Args:
        events: the history (`probe.replica`, `probe.postgres` and the other servers').
        phase: a phase of some minutes in which nothing is deployed.
        replicas: who must have been looked at, the fleet. All others are judged as far as they were.
        horizon: seconds within which the limit must not be reached at this rate.
    """
    events = tuple(events)
    findings = Findings(NAME)
    found = used(events, phase)
    if not replicas:
        findings.missing("no replica was to be looked at")
    for replica in replicas:
        usage = found.get((replica, "processes"))
        if usage is None or len(_halves(usage)[0][0]) < FEWEST:
            findings.missing(f"what {replica} uses was not looked at often enough in the phase {phase}")
    reached = []
    for usage in found.values():
        findings.saw(*(event for event, _ in usage.points))
        if (grows := _growing(usage)) is not None and (end := _reached(usage, grows, horizon)) is not None:
            reached.append((*end, usage))
    for _, words, usage in sorted(reached, key=lambda one: one[0]):  # what ends first is said first
        findings.fail(words, *(event for event, _ in usage.points))
    users = counted(len({name for name, _ in found}), "replica uses", "replicas use")
    return findings.verdict(
        f"nothing that {users} grows towards a limit",
        look="what each request or job leaves behind: objects, files, connections, threads",
        look_unknown="whether the phase was long enough (--soak), and whether the replicas could be asked",
    )


def finds(seconds: float) -> str:
    """In words, the slowest growth that a phase of such a length finds."""
    minutes = seconds * (1.0 - WARM) / 60.0
    figures = ", ".join(
        f"{LEAST[name] / unit / minutes:.2g} {words}"
        for name, unit, words in (
            ("resident", MEBIBYTE, "MiB"), ("descriptors", 1.0, "descriptors"), ("threads", 1.0, "threads"),
            ("connections", 1.0, "connections"),
        )
    )  # fmt: skip
    return f"growth from about {figures} a minute"


def _halves(usage: Usage) -> tuple[Points, Points]:
    """Times and values of both halves of the phase after its first third, one for each stretch of `EVERY` seconds:
    what a process uses is read that often, and told in between as it was.
    """
    import numpy as np

    last = {event.since_start // EVERY: (event.since_start, one) for event, one in usage.points}
    at, value = (np.asarray(column) for column in zip(*last.values(), strict=True))
    begin, end = float(at[0]), float(at[-1])
    warm = begin + WARM * (end - begin)
    middle = (warm + end) / 2.0
    first, second = (at >= warm) & (at < middle), at >= middle
    return (at[first], value[first]), (at[second], value[second])


def _growing(usage: Usage) -> Trend | None:
    """The slope of the whole, where both halves grow and together gain enough."""
    import numpy as np

    halves = _halves(usage)
    found = [trend(at, value, CONFIDENCE) for at, value in halves]
    if any(one is None or one.low <= 0.0 for one in found):
        return None
    at, value = (np.concatenate(parts) for parts in zip(*halves, strict=True))
    whole = trend(at, value, CONFIDENCE)
    enough = whole is not None and whole.slope * float(at[-1] - at[0]) >= LEAST[usage.figure]
    return whole if enough else None


def _reached(usage: Usage, grows: Trend, horizon: float) -> tuple[float, str] | None:
    """In how many seconds the limit is reached at this rate, and that in words; None where that is far away."""
    now = usage.points[-1][1]
    limit = usage.limit if usage.limit else TIMES * now
    if grows.low * horizon <= limit - now:
        return None
    name = "the limit" if usage.limit else f"{TIMES:g} times that"
    left = max(0.0, limit - now) / grows.slope
    rate = f"{usage.said(60.0 * grows.slope)} a minute (at least {usage.said(60.0 * grows.low)})"
    grow, are = ("grows", "is") if usage.figure in OF_MEMORY else ("grow", "are")  # one memory, several of the others
    said = f"{usage.words} {grow} by {rate} and {are} at {usage.said(now)}"
    return left, f"{said}: at this rate {name} is reached in {_time(left)}"


def _time(seconds: float) -> str:
    return f"{seconds / 60.0:.0f} minutes" if seconds < 2 * 3600.0 else f"{seconds / 3600.0:.0f} hours"
