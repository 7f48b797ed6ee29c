"""What replicas and servers use is about what they used in the baseline."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from statistics import median

from harness.checks._evidence import Findings, counted
from harness.checks._processes import of_replicas, steady
from harness.checks._usage import MEBIBYTE, used
from harness.history import Event
from harness.verdict import Verdict

NAME = "resources"
POOL = 4  # processes of a role that are taken for a pool of workers
FACTOR = 2.0
# Beside the factor: what a sound server may use more at one moment than at another.
ROOM = {
    "resident": 128.0 * MEBIBYTE, "shared": 128.0 * MEBIBYTE, "descriptors": 100.0, "threads": 32.0, "processes": 16.0,
    "connections": 20.0, "clients": 20.0, "channels": 20.0,
}  # fmt: skip


def check(
    events: Iterable[Event],
    *,
    phase: str,
    baseline: str = "baseline",
    replicas: Collection[str] = (),
    factor: float = FACTOR,
) -> Verdict:
    """No figure of a replica or server is more than `factor` times the baseline's, and some room.

    The figures are the processes' memory, open descriptors, threads and processes of each replica, and the connections
    to servers that are watched. Compared are medians of what was told in both phases. Of a pool of processes, which had
    four or more of one role all through the baseline, more than half must be there.

    Args:
        events: the history (`probe.replica`, `probe.postgres` and the other servers').
        phase: the phase to judge; nothing is deployed in it.
        baseline: the phase to compare it with.
        replicas: who must have been looked at, the fleet. All others are judged as far as they were.
        factor: how many times as much.
    """
    events = tuple(events)
    findings = Findings(NAME)
    before, after = used(events, baseline), used(events, phase)
    if not replicas:
        findings.missing("no replica was to be looked at")
    for replica in replicas:
        for name, found in ((baseline, before), (phase, after)):
            if (replica, "processes") not in found:
                findings.missing(f"what {replica} uses is not known in the phase {name}")
    for key, now in after.items():
        was = before.get(key)
        if was is None:
            continue
        seen = [event for event, _ in (*was.points, *now.points)]
        findings.saw(*seen)
        old, new = (median(value for _, value in one.points) for one in (was, now))
        if new > factor * old + ROOM[now.figure]:
            findings.fail(f"{now.words}: {now.said(new)}, {now.said(old)} in the baseline", *seen)
    _pools(findings, events, phase, baseline, replicas)
    return findings.verdict(
        f"what {counted(len({name for name, _ in after}), 'replica uses', 'replicas use')} is as in the baseline",
        look="what still runs or is held open beside the release: old processes, pools, files",
        look_unknown="whether the replica can be asked for its processes (events `probe.replica`)",
    )


def _pools(findings: Findings, events: tuple[Event, ...], phase: str, baseline: str, replicas: Collection[str]) -> None:
    """Whether half of the workers are gone: those that are left are busy, before any queue tells."""
    for replica, mine in of_replicas(events).items():
        before, now = mine.in_phase(baseline), mine.at_end(phase)
        if replica not in replicas or not before or now is None:
            continue
        for role, instances in before[-1].roles.items():
            left = len(now.roles.get(role, frozenset()))
            if len(instances) >= POOL and steady(before, role) and left <= len(instances) // 2:
                words = f"{left} of {len(instances)} processes {role[0]} of {replica} are left"
                findings.fail(f"{words}: less can be done at once", before[-1].event, now.told, now.event)
