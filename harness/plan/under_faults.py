"""The gate under faults: a release is deployed and taken back while something else goes wrong.

A case is a fault at a moment. Its plan injects the fault first where nothing is deployed, which is its control run,
heals it and looks; then it deploys and rolls back with the fault on at its moment, heals it, lets the deployer try once
more where that is needed, and judges whether everything has converged. What fails without a deployment as well is the
stack's own weakness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, Literal

from harness import faults
from harness.checks import availability, deployer, trace
from harness.errors import UsageError
from harness.plan.gate import Gate
from harness.plan.plan import Plan
from harness.plan.reading import with_reads
from harness.plan.standing import BEFORE_LOAD, drained, level, measured, standing
from harness.plan.steps import Step
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.again import Again
from harness.plan.steps.against import Against
from harness.plan.steps.attempt import Attempt
from harness.plan.steps.check import Check
from harness.plan.steps.deploy import Deploy
from harness.plan.steps.drain import Level
from harness.plan.steps.fingerprint import Fingerprint
from harness.plan.steps.heal import Heal
from harness.plan.steps.hold import Hold
from harness.plan.steps.inject import Inject
from harness.plan.steps.interrupt import Interrupt
from harness.plan.steps.load import Load
from harness.plan.steps.mark import Mark
from harness.plan.steps.read_back import ReadBack, reads_back
from harness.plan.steps.recover import Recover
from harness.plan.steps.rollback import Rollback
from harness.stack import Stack
from harness.stack.plainwords import meant, one_of

Moment = Literal["rollback-1", "rollback", "second-attempt", "deploy-1", "between", "before"]
# What finds most comes first: the rollback, half of it above all.
MOMENTS: dict[Moment, str] = {
    "rollback-1": "when the first replica is back on the old release",
    "rollback": "before the rollback begins, until it has ended",
    "second-attempt": "while a rollback that was killed half-way is begun again",
    "deploy-1": "when the first replica runs the new release",
    "between": "while the new release runs",
    "before": "before the deployment begins, until it has ended",
}
PROFILES = ("quick", "standard", "full")
# The fault and its moment, of those that a stack can have: a mix of what breaks rollbacks most.
QUICK: tuple[tuple[str, Moment], ...] = (
    ("cache.stale", "rollback"),
    ("process.killed", "rollback-1"),
    ("latency", "second-attempt"),
    ("database.dropped-connections", "rollback-1"),
    ("cache.cold", "deploy-1"),
)
CONTROL, HEALED = "control", "control-healed"
NAME = "fault"  # what `heal` calls it


@dataclass(frozen=True, slots=True)
class Case:
    """A fault at a moment.

    Attributes:
        fault: its step: `{"fault": "cache.stale"}`.
        moment: when it is on.
        load: how many times the declared rate.
        twice: whether each command of the deployer is given twice.
    """

    fault: Mapping[str, Any]
    moment: Moment
    load: float = 1.0
    twice: bool = False

    @property
    def name(self) -> str:
        """As reports and tests call it: `cache.stale at rollback`."""
        more = [f"load {self.load:g}"] * (self.load != 1.0) + ["twice"] * self.twice
        return f"{self.fault['fault']} at {self.moment}" + (f" ({', '.join(more)})" if more else "")


def possible(stack: Stack) -> dict[str, Mapping[str, Any]]:
    """The faults that the gate can inject into a stack, with parameters of its own choice, by name."""
    declared = {one.kind for one in stack.harness.servers.values()}
    servers = [one.service for one in stack.harness.servers.values()]
    fleet = list(stack.harness.probes.release) or list(stack.differing_images())
    # Only what somebody talks to can be slow, or cut off: replicas that nobody but the entrypoint asks are neither.
    entry = stack.harness.entry
    talked_to = bool(servers) or (entry is not None and entry[0] not in fleet)
    asked: dict[str, Mapping[str, Any] | None] = {
        "latency": {"from": "all" if servers else ["all", "entrypoint"], "to": servers or fleet, "ms": 100}
        if servers or fleet else None,
        "partition": {"from": "one", "to": "rest"} if len(stack.services) > 1 and talked_to else None,
        **_of({"redis", "valkey"} & declared, {
            "cache.stale": {}, "cache.cold": {}, "cache.lost-invalidation": {}, "cache.frozen": {"from": "one"},
            "cache.immortal": {}, "cache.torn": {}, "cache.evicting": {},
        }),
        **_of({"postgres"} & declared, {
            "database.dropped-connections": {}, "database.cached-plans": {}, "database.read-only": {},
            "database.restarted": {}, "database.disk-full": {},
        }),
        "database.slow": {"ms": 100} if declared & {"postgres", "mysql", "mariadb"} else None,
        "process.killed": {"on": "one"},
        "process.paused": {"on": "one"},
        "process.cpu-quota": {"on": "one", "cpus": 0.2},
        "http.status": {"from": ["all", "entrypoint"], "to": fleet, "fraction": 0.2} if fleet else None,
        **_of(any(one.is_file for logs in stack.harness.logs.values() for one in logs), {
            "log.rotated": {}, "log.deleted": {},
        }),
        "deployment.unreachable-replica": {} if _inside(stack) and talked_to else None,
    }  # fmt: skip
    given = {name: {**parameters, **stack.harness.faults.more.get(name, {})} for name, parameters in asked.items()
             if parameters is not None}  # fmt: skip
    return {**given, **{name: more for name, more in stack.harness.faults.more.items() if name not in given}}


def _of(there: object, found: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    return found if there else {}


def _inside(stack: Stack) -> bool:
    declared = stack.harness.deployer
    return declared is not None and declared.service is not None


def cases(stack: Stack, wanted: Sequence[str]) -> list[Case]:
    """The cases of a profile, or of these faults at every moment; what finds most comes first.

    Args:
        wanted: one of `PROFILES`, or names of faults.

    Raises:
        UsageError: no such profile or fault, or none that the stack can have.
    """
    found = list(_cases(stack, wanted or stack.harness.faults.run))
    if not found:
        raise UsageError(
            "No fault can be injected", where=str(stack.file), got=", ".join(wanted),
            expected="faults for which the stack declares what they need",
            hint="`harness fault explain` says what that is",
        )  # fmt: skip
    return found


def _cases(stack: Stack, wanted: Sequence[str]) -> Iterator[Case]:
    known = possible(stack)
    if list(wanted) == ["quick"]:
        yield from (Case({"fault": name, **known[name]}, moment) for name, moment in QUICK if name in known)
    elif list(wanted) == ["standard"]:
        yield from _pairs(known)
    elif list(wanted) == ["full"]:
        every = product(known, MOMENTS, (1.0, 2.0), (False, True))
        yield from (Case({"fault": name, **known[name]}, moment, load, twice) for name, moment, load, twice in every)
    else:
        for name in wanted:
            if name not in faults.names():
                raise UsageError(
                    "There is no such fault or profile", got=name,
                    expected=f"{one_of(PROFILES)}, or a fault" + meant(name, faults.names()),
                    hint="`harness fault list` lists the faults",
                )  # fmt: skip
        yield from (Case({"fault": name, **known.get(name, {})}, moment) for name in wanted for moment in MOMENTS)


def _pairs(known: Mapping[str, Mapping[str, Any]]) -> Iterator[Case]:
    """So few that every two values of fault, moment, load and second command come together once at least."""
    from covertable import make  # not before it is needed

    rows = make([list(known), list(MOMENTS), [1.0, 2.0], [False, True]], length=2)
    order = list(MOMENTS)
    for name, moment, load, twice in sorted(rows, key=lambda row: (order.index(row[1]), list(known).index(row[0]))):
        yield Case({"fault": name, **known[name]}, moment, load, twice)


def plan(gate: Gate, case: Case) -> Plan:
    """The plan of a case."""
    made = _Steps(gate, case)
    steps = [*made.beginning(), *made.control(), *made.deployment(), *made.rollback()]
    every = tuple(with_reads(gate.stack, steps, gate.settings.drain))
    title = f"{gate.old} -> {gate.new} -> {gate.old}, {faults.from_data(case.fault).title()}, {MOMENTS[case.moment]}"
    return Plan(case.name, title, gate.old, gate.new, every).adapted(gate.stack)


class _Steps:
    """The steps of a case."""

    def __init__(self, gate: Gate, case: Case) -> None:
        self._gate, self._case, self._stack = gate, case, gate.stack
        self._hold = gate.settings.hold

    def beginning(self) -> Iterator[Step]:
        """The load on the old release, and what it is like."""
        gate = self._gate
        rate = None
        if self._case.load != 1.0 and self._stack.harness.workload is not None:
            rate = self._stack.harness.workload.rate * self._case.load
        yield Fingerprint(phase=BEFORE_LOAD)
        yield Load()
        if rate is not None:
            yield Load(rate=rate)
        yield measured(self._stack, gate.old, gate.settings.baseline)
        yield Fingerprint(phase="baseline")
        yield Mark(name="before")

    def control(self) -> Iterator[Step]:
        """The same fault, with nothing deployed. It need not bite: then it does no harm either."""
        yield Inject(phase="control-fault", name=CONTROL, fault=dict(self._case.fault), judged=False)
        yield Hold(phase=CONTROL, seconds=self._hold)
        yield Heal(name=CONTROL)
        yield Hold(phase=HEALED, seconds=self._hold, drain=self._level())
        yield Fingerprint(phase=HEALED)

    def deployment(self) -> Iterator[Step]:
        """The deployment, and what it came to."""
        yield from self._attempt("deploy", "before", self._gate.new)
        yield from self._settled("deployed", self._gate.new, "deploy")
        if self._case.moment == "between":
            yield self._inject("between-fault")
            yield Hold(phase="between", seconds=self._hold)
            yield from self._while_on("between")
            yield Heal(name=NAME)
            yield Hold(phase="between-healed", seconds=self._hold, drain=self._level())

    def rollback(self) -> Iterator[Step]:
        """The rollback, and whether everything is as it was."""
        if self._case.moment == "second-attempt":
            yield Interrupt(phase="first-attempt", verb="rollback", release=self._gate.old)
        yield from self._attempt("rollback", "rollback", self._gate.old)
        yield from self._settled("rolled-back", self._gate.old, "rollback")
        within = self._stack.harness.recovery.within
        yield Recover(phase="rolled-back", within=within, hold=self._hold)
        yield Fingerprint(phase="rolled-back")
        yield self._against("rolled-back", CheckCall.of(partial(trace.check, before="baseline")))

    def _attempt(self, verb: Literal["deploy", "rollback"], whole: str, release: str) -> Iterator[Step]:
        moment = self._case.moment
        plain: Callable[[str], Step] = (
            (lambda phase: Deploy(phase=phase, release=release)) if verb == "deploy" else (lambda p: Rollback(phase=p))
        )
        if moment == whole or (moment == "second-attempt" and verb == "rollback"):
            yield self._inject(f"{verb}-fault")
            yield plain(verb)
        elif moment == f"{verb}-1":
            yield Attempt(phase=verb, verb=verb, release=release, name=NAME, fault=dict(self._case.fault))
        else:
            yield plain(verb)
            yield from self._doubled(verb, plain)
            return
        yield from self._while_on(verb)
        yield Heal(name=NAME)
        yield Hold(phase=f"{verb}-seen", seconds=self._hold)
        said = partial(deployer.check, verb=verb, release=release, may_refuse=True)
        yield Check(phase=f"{verb}-seen", checks=(CheckCall.of(said),))
        yield from self._doubled(verb, plain)

    def _doubled(self, verb: str, plain: Callable[[str], Step]) -> Iterator[Step]:
        """The same command once more, which must do no harm."""
        if self._case.twice:
            yield plain(f"{verb}-twice")

    def _settled(self, phase: str, release: str, verb: Literal["deploy", "rollback"]) -> Iterator[Step]:
        """After one more attempt at most, everything stands on the release."""
        yield Again(phase=f"{verb}-again", verb=verb, release=release)
        yield Hold(phase=phase, seconds=self._hold, drain=self._level())
        # On the new release its own logs and answers are as they are; the control ran on the old one.
        within = self._gate.settings.drain
        yield self._against(phase, *standing(self._stack, release), *drained(self._stack, within))
        if reads_back(self._stack):
            yield ReadBack(phase=phase, within=within)

    def _while_on(self, phase: str) -> Iterator[Step]:
        """What the stack declares for as long as a fault is on."""
        declared = self._stack.harness.faults
        given = {"longest_outage": declared.longest_outage, "budget": declared.budget}
        bounds = {name: value for name, value in given.items() if value is not None}
        if bounds:
            wide: dict[str, Any] = {"longest_outage": 3600.0, "budget": 1.0, **bounds}
            yield self._against(phase, CheckCall.of(partial(availability.check, **wide)), control=CONTROL)

    def _against(self, phase: str, *checks: CheckCall, control: str = HEALED) -> Step:
        return Against(phase=phase, control=control, checks=checks)

    def _inject(self, phase: str) -> Step:
        return Inject(phase=phase, name=NAME, fault=dict(self._case.fault))

    def _level(self) -> Level | None:
        return level(self._stack, self._gate.settings.drain)
