"""What runs was started since its release was put there: no process of the release before is left."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from harness.checks._evidence import Findings, counted, latest
from harness.checks._processes import TOOLS, Instance, Look, ReplicaProcesses, Role, of_replicas, steady
from harness.checks._witness import WitnessedStalls
from harness.events import ProbeRelease, ProbeReplica
from harness.history import Event
from harness.verdict import Verdict

NAME = "loaded"
DELETED = " (deleted)"


def check(
    events: Iterable[Event],
    *,
    phase: str,
    before: str,
    baseline: str = "baseline",
    deployed: str = "deployed",
    replicas: Collection[str] = (),
    other: str = "",
) -> Verdict:
    """No server process of a replica stayed from before the last change, where the first deployment replaced all such.

    What a program has loaded it keeps until it is started again, whatever lies in its files and whatever it says. Which
    processes have to be started again, the first deployment shows: where it replaced all processes of a role (a
    name below a parent's name), so must every later change. Only those count that listen, that the stack calls the
    main process, or that stood still while nothing was deployed. Nor may a process work in a directory, or be a
    program, that was deleted or is of the other release, or have loaded a file that was deleted or replaced, where none
    of its role did in the baseline.

    Args:
        events: the history (`probe.replica`, `probe.release`).
        phase: after the change.
        before: the phase before it.
        baseline, deployed: the phases before and after the first deployment.
        replicas: the fleet.
        other: after a rollback, the release that was taken back: no process may run in its directories. Empty where
            nothing was taken back.
    """
    events = tuple(events)
    findings, known, witness = Findings(NAME), of_replicas(events), WitnessedStalls(events)
    says = latest(events, ProbeRelease, phase)
    if not replicas:
        findings.missing("no replica's processes were to be looked at")
    for replica in replicas:
        mine = known.get(replica, ReplicaProcesses())
        looks = {name: mine.at_end(name) for name in (baseline, deployed, before, phase)}
        for name, look in looks.items():
            if look is not None:
                findings.saw(look.told, *mine.asked[name])
            else:
                findings.missing(f"the processes of {replica} were not looked at in the phase {name}")
        told = says.get(replica)
        word = f"{replica} says {told.body.release}" if told is not None and told.body.release else replica
        first, second, was, now = looks[baseline], looks[deployed], looks[before], looks[phase]
        if first is None or second is None or was is None or now is None:
            continue
        kept = _Kept(mine, first, second, (baseline, phase))
        for role, instances in kept.of(was, now):
            words = f"{word}, but {_words(role, instances)} of it runs on from before: {_due(role)}"
            # On a machine that stood still it may be about to end.
            stall = witness.explains(mine.asked[phase][0].since_start, now.event.since_start)
            findings.timed(words, stall, told, was.event, now.event)
        if other:
            _places(findings, mine, word, first, now, other)
    return findings.verdict(
        f"every server process of {counted(len(replicas), 'replica')} that a deployment replaces was replaced",
        look="how the deployer restarts what it changes, and what that process has loaded",
        look_unknown="whether the replica can be asked for its processes (events `probe.replica`)",
    )


def _words(role: Role, instances: Collection[Instance]) -> str:
    numbers = ", ".join(str(pid) for pid, _ in sorted(instances))
    return f"{role[0]} (process {numbers})" if len(instances) == 1 else f"{role[0]} (processes {numbers})"


def _due(role: Role) -> str:
    return f"the first deployment started every {role[0]} again, and this change did not"


@dataclass(frozen=True)
class _Kept:
    """Finds what a change should have started again."""

    mine: ReplicaProcesses
    first: Look  # at the end of the baseline
    second: Look  # after the first deployment
    phases: tuple[str, str]  # the baseline, and after the change

    def of(self, was: Look, now: Look) -> Iterator[tuple[Role, frozenset[Instance]]]:
        """The processes that stayed, by role."""
        for role, instances in now.roles.items():
            stayed = instances & was.roles.get(role, frozenset())
            if stayed and self._replaced(role) and self._counts(role, stayed) and not self._ending(role, instances):
                yield role, stayed

    def _ending(self, role: Role, instances: Collection[Instance]) -> bool:
        """Whether the new ones are all there, and the old ones beside them: those finish what they had begun. Should
        they stay, the fingerprint has them.
        """
        return len(instances) > len(self.first.roles.get(role, ()))

    def _replaced(self, role: Role) -> bool:
        """Whether the first deployment replaced all processes of the role."""
        old, new = (look.roles.get(role, frozenset()) for look in (self.first, self.second))
        return bool(old and new) and not old & new

    def _counts(self, role: Role, stayed: Collection[Instance]) -> bool:
        if self.mine.serves(stayed):
            return True
        quiet = (self.mine.in_phase(name) for name in self.phases)
        return role[0] not in TOOLS and all(steady(looks, role) for looks in quiet)


# -- places ------------------------------------------------------------------------------------------------------------


def _places(findings: Findings, mine: ReplicaProcesses, word: str, first: Look, now: Look, other: str) -> None:
    """Whether a process runs where it did not in the baseline: in what was deleted, or is of the other release."""
    told = sorted((one for every in mine.asked.values() for one in every), key=lambda one: one.id)
    there = {pid: role for role, every in now.roles.items() for pid, _ in every}
    # They are looked at when a process began or ended, and else rarely: what was told before a phase holds in it.
    for field, odd in (("places", partial(_misplaced, other=other)), ("replaced", _replaced)):
        before = [event for event in told if event.id <= first.event.id]
        usual = {found for event in before for found in odd(event, _at(mine, event))}
        for event in [
            one for one in told if first.event.id < one.id <= now.event.id and getattr(one.body, field) is not None
        ][-1:]:
            findings.saw(event)
            for role, what, place in sorted(set(odd(event, there)) - usual):
                findings.fail(f"{word}, but {role[0]} of it {what} {place}", event)


def _at(mine: ReplicaProcesses, event: Event) -> dict[int, Role]:
    """The roles at the time of an event, by process."""
    looks = [look for look in mine.looks if look.event.id <= event.id]
    return {pid: role for role, every in (looks[-1].roles.items() if looks else ()) for pid, _ in every}


def _misplaced(event: Event[ProbeReplica], roles: dict[int, Role], other: str) -> Iterator[tuple[Role, str, str]]:
    """What is deleted or of the other release, with the role of the process that is there."""
    for pid, program, directory in event.body.places or ():
        if (role := roles.get(pid)) is None:
            continue
        for verb, place in (("runs the program", program), ("works in the directory", directory)):
            if place.endswith(DELETED):
                yield role, f"{verb}, which was deleted,", place.removesuffix(DELETED)
            elif other in place.split("/"):
                yield role, f"{verb} of {other},", place


def _replaced(event: Event[ProbeReplica], roles: dict[int, Role]) -> Iterator[tuple[Role, str, str]]:
    """The files that were replaced under a process, with its role."""
    for pid, path in event.body.replaced or ():
        if (role := roles.get(pid)) is not None:
            yield role, "has loaded a file that was deleted or replaced,", path
