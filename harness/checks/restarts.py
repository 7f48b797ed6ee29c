"""What serves runs on: no server process ends and is started again while nothing is deployed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from harness.checks._evidence import Findings, counted
from harness.checks._processes import TOOLS, Look, ReplicaProcesses, Role, births, of_replicas, steady
from harness.checks._witness import WitnessedStalls
from harness.events import ProbeReplica
from harness.history import Event, of
from harness.verdict import Verdict

NAME = "restarts"
SETTLED = 2.0  # s after the phase began; a single process that is replaced before may be the deployer's last act
MOST = 2  # processes of a pool that may be replaced in a phase where none was in the baseline


def check(
    events: Iterable[Event], *, phase: str, baseline: str = "baseline", replicas: Collection[str] = ()
) -> Verdict:
    """In a phase in which nothing is deployed, no server process ends and is started again.

    Whoever starts it again (a supervisor, its parent, an engine's restart policy) hides that it ended: the replica
    answers in between. A single process that listens, or that the stack calls the main one, may not be replaced at
    all once the phase has lasted for 2 s, and once before; one that does neither, once. Of a pool of workers, whose
    number stays, so many may be replaced as in the baseline, and 2 more; in a longer phase, in proportion.

    Args:
        events: the history (`probe.replica`).
        phase: nothing is deployed in it.
        baseline: the phase to compare it with.
        replicas: whose processes are looked at.
    """
    events = tuple(events)
    findings, known = Findings(NAME), of_replicas(events)
    if not replicas:
        findings.missing("no replica's processes were to be looked at")
    for replica in replicas:
        mine = known.get(replica, ReplicaProcesses())
        looks = mine.in_phase(phase)
        asked = mine.asked.get(phase, [])
        if not looks or len(asked) < 2:
            findings.missing(f"the processes of {replica} were not looked at twice in the phase {phase}")
            findings.stalled = findings.stalled or _stood_still(events, phase)
            continue
        findings.saw(looks[0].told, *asked)
        for role in sorted({role for look in looks for role in look.roles}):
            again = list(births(looks, role))
            longer = max(1.0, _seconds(asked) / max(_seconds(mine.asked.get(baseline, [])), 1.0))
            if again and _too_often(mine, role, looks, again, mine.in_phase(baseline), longer):
                times = f"was started again {counted(len(again), 'time')} in {_seconds(asked):.0f} s"
                findings.fail(
                    f"{role[0]} of {replica} {times}, and nothing was deployed", looks[0].event, *_events(again)
                )
    return findings.verdict(
        f"no server process of {counted(len(replicas), 'replica')} was started again",
        look="that process's log, its supervisor's, and how it ended",
        look_unknown="whether the replica can be asked for its processes (events `probe.replica`)",
    )


def _too_often(
    mine: ReplicaProcesses, role: Role, looks: list[Look], again: list[Look], before: list[Look], longer: float
) -> bool:
    """Whether the processes of a role end and come again as no sound server's do.

    Args:
        longer: how many times as long as the baseline it was looked at.
    """
    every = [look.roles.get(role, frozenset()) for look in looks]
    seen = [one for instances in every for one in instances]
    if (most := max(map(len, every))) > 1:
        usual = [len(look.roles.get(role, frozenset())) for look in before]
        # More than in the baseline are helpers beside the pool, and those end when their work is done.
        pool = min(usual, default=0) > 1 and most <= max(usual) and role[0] not in TOOLS
        return pool and len(again) > (MOST + len(list(births(before, role)))) * longer
    if mine.serves(seen):
        late = again[0].event.since_start - looks[0].event.since_start > SETTLED
        return late or len(again) > 1
    calm = bool(before) and steady(before, role) and bool(before[0].roles.get(role))
    return calm and role[0] not in TOOLS and len(again) > 1


def _events(again: Iterable[Look]) -> tuple[Event, ...]:
    return tuple(look.event for look in again)


def _seconds(asked: Sequence[Event]) -> float:
    return asked[-1].since_start - asked[0].since_start if asked else 0.0


def _stood_still(events: tuple[Event, ...], phase: str) -> bool:
    """Whether the machine explains that a replica could not be asked in a phase."""
    asked = of(events, ProbeReplica, phase)
    return bool(asked) and bool(WitnessedStalls(events).explains(asked[0].since_start, asked[-1].since_start))
