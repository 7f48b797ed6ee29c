"""No replica died, was restarted, was paused or ran out of memory, but for those that were meant to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise

from harness.checks._evidence import Findings, counted, latest
from harness.checks._witness import WitnessedStalls
from harness.events import ContainerChange, OfReplica, ProbeContainer, ProbeReplica, ReplicaReplace
from harness.history import Event, of
from harness.verdict import Verdict

NAME = "containers"
BAD = {
    "die": "died",
    "oom": "ran out of memory",
    "restart": "was restarted",
    "kill": "was killed",
    "stop": "was stopped",
    "destroy": "was removed",
}
STILL = 2.5  # s without an answer; a replica is asked once a second, and may be asked in vain once


def check(
    events: Iterable[Event],
    *,
    phase: str,
    replicas: Collection[str] = (),
    expected: Collection[str] = (),
    steady: bool = False,
) -> Verdict:
    """No container of the fleet ended in the phase, and each was seen to be running at its end.

    That no death was reported proves nothing by itself, so every replica must also have been looked at
    (`probe.container`) in the phase. Where the phase before saw it too, a later start time is a restart, unless it is
    that of a container which a deployer has put in the place of the one before (`replica.replace`). What happens
    inside a container that runs on, `probe.replica` tells: a process killed by the OOM killer and, in a phase in which
    nothing was deployed, a main process that was started again.

    A pause ends the service of a replica for a while, and so counts from the look of the phase before, also while
    something was deployed. A replica that did not answer for some seconds, on a machine that ran, may have been frozen
    past the engine's knowledge: that is unknown.

    Args:
        events: the history (`container`, `probe.container`, `probe.replica`, `replica.replace`, `witness`).
        phase: the phase.
        replicas: every replica of the environment.
        expected: replicas that may end in this phase.
        steady: the main process of no other replica may be started again either; it has to be known then.
    """
    events = tuple(events)
    findings = Findings(NAME)
    looks = latest(events, ProbeContainer, phase)
    for event in of(events, ContainerChange, phase):
        replica, action = event.body.replica, event.body.action
        if action in BAD and replica not in expected and event.body.replaced is not True:
            code = event.body.exit_code
            findings.fail(f"{replica} {BAD[action]}" + (f" with exit code {code}" if code is not None else ""), event)
    if not replicas:
        findings.missing("no replica was to be looked at")
    for replica in replicas:
        look = looks.get(replica)
        findings.saw(look)
        if look is None:
            findings.missing(f"the container of {replica} was not looked at")
        elif look.body.status is None:
            findings.missing(f"the container of {replica} could not be looked at: {look.body.error or 'no answer'}")
        elif replica not in expected:
            before = _before(events, replica, look)
            _state(findings, replica, look, _replacement(events, replica, look, before) or before)
        if replica not in expected:
            since = _before(events, replica, look) if look is not None else None
            _paused(findings, events, replica, phase, since)
            inside = _inside(events, replica, phase)
            _killed(findings, replica, inside)
            if steady:
                _steady(findings, replica, inside, phase)
    return findings.verdict(
        f"{counted(len(replicas), 'container')} ran through",
        look="that container's log and exit code, and its memory limit",
        look_unknown="whether the container engine answers",
    )


def _before(events: tuple[Event, ...], replica: str, look: Event[ProbeContainer]) -> Event[ProbeContainer] | None:
    """The last look at a replica of the same environment before this phase began."""
    earlier = [
        event
        for event in of(events, ProbeContainer)
        if event.id < look.id
        and event.body.replica == replica
        and event.phase != look.phase
        and event.environment == look.environment
    ]
    return earlier[-1] if earlier else None


def _replacement(
    events: tuple[Event, ...], replica: str, look: Event[ProbeContainer], before: Event | None
) -> Event[ReplicaReplace] | None:
    """How a deployer started its container last, between two looks."""
    found = [
        event
        for event in of(events, ReplicaReplace)
        if (before.id if before is not None else -1) < event.id < look.id
        and event.body.replica == replica
        and event.environment == look.environment
    ]
    return found[-1] if found else None


def _state(
    findings: Findings,
    replica: str,
    look: Event[ProbeContainer],
    before: Event[ProbeContainer] | Event[ReplicaReplace] | None,
) -> None:
    if look.body.oom_killed:
        findings.fail(f"{replica} ran out of memory", look)
    elif look.body.status != "running":
        code = "" if look.body.exit_code is None else f" (exit code {look.body.exit_code})"
        findings.fail(f"{replica} is {look.body.status}{code}", look)
    elif before is not None and before.body.started not in (None, look.body.started):
        since = "it was replaced" if before.kind == "replica.replace" else "the phase before"
        findings.fail(f"{replica} was started again since {since}", before, look)


def _paused(findings: Findings, events: tuple[Event, ...], replica: str, phase: str, since: Event | None) -> None:
    """Whether it was paused, or did not answer for a while, since the look of the phase before."""
    last = max((event.id for event in events if event.phase == phase), default=-1)
    mine = [
        event
        for event in events
        if (since.id if since is not None else -1) < event.id <= last
        and isinstance(event.body, OfReplica)
        and event.body.replica == replica
    ]
    pauses = [event for event in mine if isinstance(event.body, ContainerChange) and event.body.action == "pause"]
    if pauses:
        findings.fail(f"{replica} was paused", *pauses)
        return
    if of(mine, ContainerChange):
        return  # it ended or was started again: why it did not answer is known
    witness = WitnessedStalls(events)
    silences = _silences(of(mine, ProbeReplica)) if witness.known else ()
    for begin, end in silences:
        if end - begin > STILL and not witness.explains(begin, end, end - begin, STILL):
            said = f"{replica} did not answer for {end - begin:.1f} s, while the machine ran"
            findings.missing(f"{said}: it stood still, or could not be asked")


def _silences(looks: Iterable[Event[ProbeReplica]]) -> Iterator[tuple[float, float]]:
    """Stretches in which a replica was asked twice or more and did not answer, since its first answer."""
    heard: Event | None = None
    silent: list[Event] = []
    for look in looks:
        if look.body.error is not None:
            silent.append(look)
            continue
        if heard is not None and len(silent) > 1:
            yield heard.since_start, look.since_start
        heard, silent = look, []
    if heard is not None and len(silent) > 1:
        yield heard.since_start, silent[-1].since_start


def _inside(events: tuple[Event, ...], replica: str, phase: str) -> list[Event[ProbeReplica]]:
    """The looks into a replica in a phase, after the last one before it; those without an answer are left out."""
    mine = [event for event in of(events, ProbeReplica, phase) if event.body.replica == replica]
    if not mine:
        return []
    earlier = [
        event
        for event in of(events, ProbeReplica)
        if event.id < mine[0].id and event.body.replica == replica and event.environment == mine[0].environment
    ]
    return [event for event in (*earlier[-1:], *mine) if event.body.error is None]


def _killed(findings: Findings, replica: str, looks: list[Event[ProbeReplica]]) -> None:
    counts = [(event, event.body.oom_kills) for event in looks if event.body.oom_kills is not None]
    for (before, first), (after, second) in pairwise(counts):
        if second > first:
            many = counted(second - first, "process", "processes")
            findings.fail(
                f"{many} of {replica} {'was' if second - first == 1 else 'were'} killed by the OOM killer",
                before,
                after,
            )
            return


def _steady(findings: Findings, replica: str, looks: list[Event[ProbeReplica]], phase: str) -> None:
    """Looks at the process that the stack calls the main one; where it names none, nothing is asked of it."""
    if not looks or looks[-1].phase != phase:
        findings.missing(f"the processes of {replica} were not looked at")
        return
    known = [(event, event.body.main) for event in looks if event.body.main is not None]
    gone = looks[-1].body.missing.get("main", "")
    if gone:
        findings.fail(f"the main process of {replica} is gone: {gone}", looks[-1])
    for (before, was), (after, now) in pairwise(known):
        if (was[0], was[3]) != (now[0], now[3]):  # pid and start
            findings.fail(f"{now[2]} in {replica} was started again, and nothing was deployed", before, after)
            return
    findings.saw(*looks[:1], *looks[-1:])
