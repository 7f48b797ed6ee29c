"""Two releases do not work side by side: one of them fails for as long as the other one runs as well."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from harness.diagnoses._case import Attempt, Case, Diagnosis, ids, names
from harness.diagnoses._complaints import complaints, said
from harness.diagnoses._kinds import MIXED
from harness.diagnoses._shared import windows
from harness.event import Event, of
from harness.events import FailedRequests, ProbeRelease, ProbeReplica

CHECKS = ("availability", "log-errors", "errors", "reads")
MIN_FAILED = 3  # failures of all attempts; what fewer have in common may be chance
Told = tuple[float, str]  # Unix time at which a replica told its release, and which


@dataclass(frozen=True)
class _Fleet:
    """How the fleet went from one release to another in an attempt.

    Attributes:
        source, target: the releases. mixed: it was on both before the attempt, too.
        switched: of each replica that changed, when it told the source last, and the target first.
    """

    source: str
    target: str
    mixed: bool
    switched: Mapping[str, tuple[float, float]]

    def sides(self, replica: str, groups: Iterable[FailedRequests]) -> set[str]:
        """The releases that a replica may have run while these requests failed."""
        if replica not in self.switched:
            return {self.target}
        last, first = self.switched[replica]
        groups = tuple(groups)
        before = all(one.last <= first for one in groups)
        after = all(one.first >= last for one in groups)
        return {name for name, may in ((self.source, before), (self.target, after)) if may}

    def alone(self, release: str) -> set[str]:
        """The replicas that ran a release while no other did: their failures say nothing of a mixed fleet."""
        if release == self.target:
            return {max(self.switched, key=lambda one: self.switched[one][1])}
        return set() if self.mixed else {min(self.switched, key=lambda one: self.switched[one][1])}


def diagnose(case: Case) -> Diagnosis | None:
    """All failures in the phase of an attempt were answered by replicas on one release while others ran the other one,
    and there were none before, and none once all of them ran the same.
    """
    if any(event.body.failures for event in windows(case.before)):
        return None
    found = [(attempt, *one) for attempt in case.attempts if (one := _one_side(case, attempt)) is not None]
    if len({release for _, release, _, _ in found}) != 1 or sum(count for *_, count in found) < MIN_FAILED:
        return None
    failing = [one for one in found if one[0].after.failing(*CHECKS)]
    attempt, release, fleet, count = max(failing or found, key=lambda one: one[3])
    who = sorted({group.server for group in _failures(attempt)})
    words = [one for one in complaints(case, attempt) if one[0].body.replica in who]
    return Diagnosis(
        f"{fleet.source} and {fleet.target} do not work side by side: while the fleet was mixed in {attempt.name}, all"
        f" {count} failures came from {names(who)} on {release}, and none came once every replica ran {fleet.target}"
        + (f"; {said(words[0])}" if words else ""),
        MIXED,
        ids(*((*one.ids, *ids(_own(one))) for one, *_ in found)),
        f"what one release writes and the other reads while both run: caches, queues, sessions, the schema; {release}"
        " has to understand what the other one writes, before that is deployed",
        ids(*(one.after.failing(*CHECKS) for one, *_ in found)),
    )


def _one_side(case: Case, attempt: Attempt) -> tuple[str, _Fleet, int] | None:
    """The release on which all failures of an attempt were, how the fleet went, and how many there were."""
    groups, fleet = _failures(attempt), _went(case, attempt)
    later = [event for event in windows(attempt.after) if event.phase != attempt.start.phase]
    over = any(one.body.ok for one in later) and not any(one.body.failures for one in later)
    if not groups or fleet is None or not over:
        return None
    servers = {group.server for group in groups}
    if not servers <= set(attempt.after.releases):
        return None  # nobody is known to have answered some of them
    possible = [
        release
        for release in (fleet.source, fleet.target)
        if not servers & fleet.alone(release)
        and all(release in fleet.sides(name, [one for one in groups if one.server == name]) for name in servers)
    ]
    return (possible[0], fleet, sum(one.count for one in groups)) if len(possible) == 1 else None


def _own(attempt: Attempt) -> tuple[Event, ...]:
    """What the load says of the time in which the deployer worked."""
    return tuple(event for event in windows(attempt.after) if event.phase == attempt.start.phase)


def _failures(attempt: Attempt) -> list[FailedRequests]:
    return [
        group for event in windows(attempt.after) if event.phase == attempt.start.phase for group in event.body.failures
    ]


def _went(case: Case, attempt: Attempt) -> _Fleet | None:
    """How the fleet went; None where that is not known, or it did not go to one release, replica by replica."""
    after = {name: event.body.release for name, event in attempt.after.releases.items()}
    told = {name: _told(case, name) for name in after}
    before = {name: _last(one, attempt.start.time) for name, one in told.items()}
    target = next(iter(after.values()), None)
    sources = set(before.values()) - {target}
    if target is None or set(after.values()) != {target} or len(after) < 2 or len(sources) != 1:
        return None
    (source,) = sources
    if source is None:  # a replica that had told no release
        return None
    switched = {}
    for name in (name for name, release in before.items() if release == source):
        first = next((at for at, release in told[name] if at >= attempt.start.time and release == target), None)
        last = max(
            (at for at, release in told[name] if release == source and (first is None or at < first)), default=None
        )
        if first is None or last is None:
            return None
        switched[name] = (last, first)
    return _Fleet(source, target, target in before.values(), switched)


def _told(case: Case, replica: str) -> list[Told]:
    """When a replica told which release, in order."""
    looks = [
        (event.time - (event.body.release_age or 0.0), event.body.release)
        for event in of(case.events, ProbeReplica)
        if event.body.replica == replica
    ]
    asked = [
        (event.time, event.body.release) for event in of(case.events, ProbeRelease) if event.body.replica == replica
    ]
    return sorted((at, release) for at, release in (*looks, *asked) if release is not None)


def _last(told: Collection[Told], until: float) -> str | None:
    return next((release for at, release in reversed(list(told)) if at < until), None)
