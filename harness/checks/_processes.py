"""The processes of a replica, as the looks of a second saw them: who stands, in which role, since when.

A role is what outlives its processes: a name below a parent's name. So the workers of a server are one role, whatever
their numbers are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from harness.events import ProbeRelease, ProbeReplica
from harness.events.probe import ProcessRow
from harness.history import Event, of

Role = tuple[str, str]  # its name, and its parent's; the latter is empty for the first process
Instance = tuple[int, float]  # its number, and when it was started (Unix time, s)

# Tools that scripts run for a moment, or for as long as they wait: no server, whatever their number does.
TOOLS = frozenset({
    "sleep", "sh", "bash", "dash", "ash", "busybox", "cat", "tail", "head", "grep", "sed", "awk", "gawk", "mawk",
    "curl", "wget", "date", "ls", "find", "ps", "su", "sudo", "gzip", "logger", "test", "true", "timeout", "tee",
})  # fmt: skip


@dataclass(frozen=True)
class Look:
    """Who is there, by role.

    Attributes:
        told: the event that told all processes; `event` may be a later one, which saw no change.
    """

    event: Event[ProbeReplica]
    roles: Mapping[Role, frozenset[Instance]]
    told: Event[ProbeReplica]

    def instances(self) -> frozenset[Instance]:
        """All of them."""
        return frozenset(one for every in self.roles.values() for one in every)


@dataclass
class ReplicaProcesses:
    """What is known of the processes of one replica of an environment.

    Attributes:
        looks: those that told all processes; the others saw no change.
        asked: the looks that brought an answer, by phase.
        serving: instances that were seen to hold a listening socket, or that the stack calls the main one.
        places: of an instance, the event that told its program and directory last.
    """

    looks: list[Look] = field(default_factory=list)
    asked: dict[str | None, list[Event[ProbeReplica]]] = field(default_factory=lambda: defaultdict(list))
    serving: set[Instance] = field(default_factory=set)

    def serves(self, instances: Iterable[Instance]) -> bool:
        """Whether one of them was seen to serve."""
        return any(one in self.serving for one in instances)

    def in_phase(self, phase: str) -> list[Look]:
        """Whom each look of a phase saw, the first one included although it may have seen no change."""
        asked = self.asked.get(phase, [])
        if not asked:
            return []
        before = [one for one in self.looks if one.event.id < asked[0].id]
        start = [Look(asked[0], before[-1].roles, before[-1].told)] if before and asked[0].body.rows is None else []
        return start + [one for one in self.looks if asked[0].id <= one.event.id <= asked[-1].id]

    def at_end(self, phase: str) -> Look | None:
        """Who was there at the last look of a phase; None where none was made, or nothing is known."""
        found = self.in_phase(phase)
        return Look(self.asked[phase][-1], found[-1].roles, found[-1].told) if found else None


def of_replicas(events: Iterable[Event]) -> dict[str, ReplicaProcesses]:
    """The processes of every replica."""
    found: dict[str, ReplicaProcesses] = defaultdict(ReplicaProcesses)
    events = tuple(events)
    ends = ends_of(events)
    for event in of(events, ProbeReplica):
        if event.body.error is not None or event.id > ends.get(event.phase, event.id):
            continue
        mine = found[event.body.replica]
        mine.asked[event.phase].append(event)
        if event.body.rows is not None:
            mine.looks.append(Look(event, roles_of(event.body.rows), event))
        if mine.looks:
            numbers = set(event.body.serving or ())
            if event.body.main is not None:
                numbers.add(event.body.main[0])
            mine.serving |= {one for one in mine.looks[-1].instances() if one[0] in numbers}
    return dict(found)


def ends_of(events: tuple[Event, ...]) -> dict[str | None, int]:
    """By phase, the event after which no look counts: the last answer to the release probe, asked when its hold
    ends. What comes later under the same name, as while its fingerprint is taken, came after the verdict.
    """
    return {event.phase: event.id for event in of(events, ProbeRelease) if event.phase is not None}


def roles_of(rows: Iterable[ProcessRow]) -> dict[Role, frozenset[Instance]]:
    """The processes by role; zombies, and those whose start is not known, are left out."""
    rows = tuple(rows)
    names = {pid: name for pid, _, name, _, _ in rows}
    found: dict[Role, set[Instance]] = defaultdict(set)
    for pid, parent, name, started, state in rows:
        if started is not None and state != "Z":
            found[name, names.get(parent, "")].add((pid, started))
    return {role: frozenset(every) for role, every in found.items()}


def steady(looks: Iterable[Look], role: Role) -> bool:
    """Whether the same processes had a role at all of these looks."""
    return len({look.roles.get(role, frozenset()) for look in looks}) <= 1


def births(looks: list[Look], role: Role) -> Iterator[Look]:
    """The looks that saw a process of a role take the place of one that was gone, one for each that did."""
    gone = 0
    for before, after in pairwise(looks):
        was, now = before.roles.get(role, frozenset()), after.roles.get(role, frozenset())
        gone += len(was - now)
        for _ in range(min(gone, len(now - was))):
            gone -= 1
            yield after
