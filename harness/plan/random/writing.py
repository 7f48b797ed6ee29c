"""Writes a draft out as the steps of a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import count
from typing import Any

from harness import faults
from harness.checks import deployer, two_deployers
from harness.plan.gate import Gate
from harness.plan.plan import Plan
from harness.plan.random.draft import Draft, Leg, Moment, PlacedFault
from harness.plan.random.quiet import Quiet
from harness.plan.standing import BEFORE_LOAD, level, measured
from harness.plan.steps import Step
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.again import Again
from harness.plan.steps.attempt import Attempt
from harness.plan.steps.check import Check
from harness.plan.steps.deploy import Deploy
from harness.plan.steps.fingerprint import Fingerprint
from harness.plan.steps.heal import Heal
from harness.plan.steps.hold import Hold
from harness.plan.steps.inject import Inject
from harness.plan.steps.interrupt import Interrupt
from harness.plan.steps.load import Load
from harness.plan.steps.mark import Mark
from harness.plan.steps.restart import Restart
from harness.plan.steps.rollback import Rollback

HEALED = "control-healed"
CONTROL_SECONDS = 3.0  # s that each fault is on where nothing is deployed
MARKED = ("cache.stale", "cache.other-version")  # faults that put back what a mark has kept


def written(gate: Gate, draft: Draft, name: str) -> Plan:
    """The plan of a draft, with what the stack says of its checks."""
    writer = _Writer(gate, draft)
    steps, final = tuple(writer.steps()), tuple(writer.final())
    return Plan(name, _title(gate, draft), gate.old, gate.new, steps, {}, final).adapted(gate.stack)


def _title(gate: Gate, draft: Draft) -> str:
    """`4.1.0 -> half of 4.1.1 -> 4.1.0; latency of 100 ms on all -> cache, rollback`."""
    way = " -> ".join((gate.old, *(_end(gate, leg) for leg in draft.legs)))
    placed = [(fault, leg.stage_of(fault)) for leg in draft.legs for fault in leg.faults]
    return "; ".join([way, *(f"{faults.from_data(fault.data).title()} ({stage})" for fault, stage in placed)])


def _end(gate: Gate, leg: Leg) -> str:
    """What a leg comes to."""
    if leg.verb == "rollback":
        return gate.old
    return gate.new if leg.completed else f"half of {gate.new}"


class _Writer:
    """Writes the legs one after the other.

    Args:
        gate: the stack, the releases and how long is looked.
        draft: what is written.
    """

    def __init__(self, gate: Gate, draft: Draft) -> None:
        self._gate, self._draft, self._stack = gate, draft, gate.stack
        self._hold = gate.settings.hold
        self._on: list[str] = []  # faults that are on, by the plan's name
        self._changing: list[str] = []  # phases of commands since the last quiet point
        self._disturbed: list[str] = []  # of these, those with a fault on
        self._controls = self._distinct()
        self._quiet = Quiet(gate, HEALED if self._controls else None)

    def _distinct(self) -> list[Mapping[str, Any]]:
        """Each fault once, but for those that only the deployer can meet: without a deployment they show nothing."""
        found: list[Mapping[str, Any]] = []
        for fault in (one for leg in self._draft.legs for one in leg.faults):
            if fault.data not in found and not fault.name.startswith("deployment."):
                found.append(fault.data)
        return found

    def steps(self) -> Iterator[Step]:
        """Everything but what must run at the end."""
        yield from self._beginning()
        yield from self._control()
        last = len(self._draft.legs) - 1
        for number, leg in enumerate(self._draft.legs):
            yield from self._leg(leg)
            if number == last or not leg.completed:
                continue
            yield from self._quiet.steps(leg.quiet, leg.verb, self._changing, self._disturbed)
            self._changing, self._disturbed = [], []

    def final(self) -> Iterator[Step]:
        """What must run whatever happened: the load as declared, the old release, and everything read back."""
        workload = self._stack.harness.workload
        if workload is not None and any(leg.load != 1 for leg in self._draft.legs):
            yield Load(rate=workload.rate)
        yield Again(phase="final-again", verb="rollback", release=self._gate.old)
        yield from self._quiet.steps("final", "rollback", self._changing, self._disturbed)

    def _beginning(self) -> Iterator[Step]:
        """The load on the old release, and what it is like."""
        yield Fingerprint(phase=BEFORE_LOAD)
        yield Load()
        yield measured(self._stack, self._gate.old, self._gate.settings.baseline)
        yield Fingerprint(phase="baseline")
        if any(fault.name in MARKED for leg in self._draft.legs for fault in leg.faults):
            yield Mark(name="before")

    def _control(self) -> Iterator[Step]:
        """Every fault where nothing is deployed, one after the other. None of them need bite: then it does no harm."""
        for number, data in enumerate(self._controls, 1):
            name = f"control-{number}"
            yield Inject(phase=f"{name}-fault", name=name, fault=dict(data), judged=False)
            yield Hold(phase=name, seconds=CONTROL_SECONDS)
            yield Heal(name=name)
        if self._controls:
            yield Hold(phase=HEALED, seconds=self._hold, drain=level(self._stack, self._gate.settings.drain))
            yield Fingerprint(phase=HEALED)

    def _leg(self, leg: Leg) -> Iterator[Step]:
        """A command with what goes wrong meanwhile, up to the moment at which it may be judged."""
        numbers = count(1)
        workload = self._stack.harness.workload
        if leg.load != 1 and workload is not None:
            yield Load(rate=workload.rate * leg.load)
        yield from self._injected(leg, "whole", numbers)
        if leg.stopped:
            yield from self._stopped(leg, numbers)
        if leg.completed:
            yield from self._injected(leg, "second", numbers)
            yield from self._command(leg, numbers)
        yield from self._healed()
        if leg.twice:
            yield self._plain(leg, f"{leg.name}-twice")
        if not leg.completed:
            # What was left half-way is looked at, and not judged: what follows is its rollback.
            yield Hold(phase=f"{leg.name}-left", seconds=self._hold)
        else:
            yield from self._settled(leg)
            yield from self._after(leg, numbers)
        if leg.load != 1 and workload is not None:
            yield Load(rate=workload.rate)

    def _stopped(self, leg: Leg, numbers: Iterator[int]) -> Iterator[Step]:
        """Begin, and be killed half-way; the fleet then serves as it is, for as long as was drawn."""
        for number in range(1, leg.failures + 1):
            failed = f"{leg.name}-failed-{number}"
            self._changes(failed)
            yield Interrupt(phase=failed, verb=leg.verb, release=self._release(leg), replicas=min(number, leg.stopped))
        phase = f"{leg.name}-stopped"
        self._changes(phase)
        yield Interrupt(phase=phase, verb=leg.verb, release=self._release(leg), replicas=leg.stopped)
        for fault in [one for one in leg.faults if one.moment == "mixed"]:
            number = next(numbers)
            yield self._inject(leg, fault, number)
            yield Hold(phase=f"{leg.name}-mixed-{number}", seconds=fault.seconds)
            yield Heal(name=self._on.pop())
        if leg.mixed:
            yield Hold(phase=f"{leg.name}-mixed", seconds=leg.mixed)

    def _changes(self, phase: str, *, disturbed: bool = False) -> None:
        """A command is given in this phase."""
        self._changing.append(phase)
        if self._on or disturbed:
            self._disturbed.append(phase)

    def _command(self, leg: Leg, numbers: Iterator[int]) -> Iterator[Step]:
        """The command; with a fault from the first replica on, where there is such a one."""
        half = [fault for fault in leg.faults if fault.moment == "half"]
        self._changes(leg.name, disturbed=bool(half))
        if not half:
            yield self._plain(leg, leg.name, leg.deployers)
            return
        name = f"{leg.name}-fault-{next(numbers)}"
        self._on.append(name)
        data = dict(half[0].data)
        release = self._release(leg)
        yield Attempt(
            phase=leg.name, verb=leg.verb, release=release, name=name, fault=data, deployers=leg.deployers
        )  # fmt: skip

    def _settled(self, leg: Leg) -> Iterator[Step]:
        """What the deployer says, held against what is seen; and one more attempt where that is allowed."""
        seen = f"{leg.name}-seen"
        yield Hold(phase=seen, seconds=self._hold)
        yield Check(phase=seen, checks=(self._claim(leg),))
        if leg.once_more:
            self._changes(f"{leg.name}-retried")
            yield Again(phase=f"{leg.name}-retried", verb=leg.verb, release=self._release(leg))

    def _after(self, leg: Leg, numbers: Iterator[int]) -> Iterator[Step]:
        """What happens before everything is judged."""
        for fault in [one for one in leg.faults if one.moment == "after"]:
            number = next(numbers)
            yield self._inject(leg, fault, number)
            yield Hold(phase=f"{leg.name}-after-{number}", seconds=fault.seconds)
            yield Heal(name=self._on.pop())
        if leg.restarts:
            yield Restart(phase=f"{leg.name}-restart", replicas=leg.restarts)
        yield from leg.steps
        if leg.waits or leg.restarts or leg.steps or any(fault.moment == "after" for fault in leg.faults):
            # What was restarted is seen once as it is now, so that it is not taken for a restart of the phase judged.
            yield Hold(phase=f"{leg.name}-later", seconds=leg.waits or self._hold)

    def _injected(self, leg: Leg, moment: Moment, numbers: Iterator[int]) -> Iterator[Step]:
        yield from (self._inject(leg, fault, next(numbers)) for fault in leg.faults if fault.moment == moment)

    def _inject(self, leg: Leg, fault: PlacedFault, number: int) -> Step:
        name = f"{leg.name}-fault-{number}"
        self._on.append(name)
        return Inject(phase=name, name=name, fault=dict(fault.data))

    def _healed(self) -> Iterator[Step]:
        while self._on:
            yield Heal(name=self._on.pop())

    def _plain(self, leg: Leg, phase: str, deployers: int = 1) -> Step:
        if leg.verb == "deploy":
            return Deploy(phase=phase, release=self._gate.new, deployers=deployers)
        return Rollback(phase=phase, deployers=deployers)

    def _release(self, leg: Leg) -> str:
        return self._gate.new if leg.verb == "deploy" else self._gate.old

    def _claim(self, leg: Leg) -> CheckCall:
        """Whether what the deployer says of itself is true; under a fault it may say that it did not do it."""
        if leg.deployers > 1:
            both = partial(two_deployers.check, verb=leg.verb, release=self._release(leg))
            return CheckCall.of(partial(both, both_may_refuse=True) if leg.disturbed else both)
        asked = partial(deployer.check, verb=leg.verb, release=self._release(leg))
        if leg.disturbed:
            return CheckCall.of(partial(asked, may_refuse=True))
        declared = self._stack.harness.deployer
        refusals = list(declared.nothing_to_take_back) if declared and leg.own == "second-rollback" else []
        return CheckCall.of(partial(asked, refusals=refusals) if refusals else asked)
