"""The gate under faults: a release is deployed and taken back while something else goes wrong.

A case is a fault at a moment (`harness.plan.cases`). Its plan injects the fault first where nothing is deployed, which
is its control run, heals it and looks; then it deploys and rolls back with the fault on at its moment, heals it, lets
the deployer try once more where that is needed, and judges whether everything has converged. What fails without a
deployment as well is the stack's own weakness. Where the commands themselves go wrong there is nothing to inject: its
control is the load alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

from harness.checks import availability, deployer, failed, trace, two_deployers
from harness.deploy import chosen
from harness.plan.cases import Case
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

CONTROL, HEALED = "control", "control-healed"
NAME = "fault"  # what `heal` calls it
FAILURES = 3  # deployments that fail, one after the other


def plan(gate: Gate, case: Case) -> Plan:
    """The plan of a case."""
    made = _Steps(gate, case)
    steps = [*made.beginning(), *made.control(), *made.deployment(), *made.rollback()]
    every = tuple(with_reads(gate.stack, steps, gate.settings.drain))
    title = f"{gate.old} -> {gate.new} -> {gate.old}, {case.title}"
    return Plan(case.name, title, gate.old, gate.new, every, strategy=case.strategy).adapted(gate.stack)


class _Steps:
    """The steps of a case."""

    def __init__(self, gate: Gate, case: Case) -> None:
        self._gate, self._case, self._stack = gate, case, gate.stack
        self._hold = gate.settings.hold
        self._deployers = 2 if case.given == "two-at-once" else 1

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
        if self._case.fault:
            yield Inject(phase="control-fault", name=CONTROL, fault=dict(self._case.fault), judged=False)
            yield Hold(phase=CONTROL, seconds=self._hold)
            yield Heal(name=CONTROL)
        yield Hold(phase=HEALED, seconds=self._hold, drain=self._level())
        yield Fingerprint(phase=HEALED)

    def deployment(self) -> Iterator[Step]:
        """The deployment, and what it came to; or several that fail, of which nothing has to have come."""
        if self._case.moment == "after-failures":
            yield from self._failures()
            return
        yield from self._attempt("deploy", ("before",), self._gate.new)
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
        yield from self._attempt("rollback", ("rollback", "second-attempt", "after-failures"), self._gate.old)
        yield from self._settled("rolled-back", self._gate.old, "rollback")
        within = self._stack.harness.recovery.within
        yield Recover(phase="rolled-back", within=within, hold=self._hold)
        yield Fingerprint(phase="rolled-back")
        yield self._against("rolled-back", CheckCall.of(partial(trace.check, before="baseline")))

    def _failures(self) -> Iterator[Step]:
        """Deployments that are killed one after the other, each with one more replica on the new release, as far as the
        fleet is left half-way.
        """
        harness = self._stack.harness
        fleet = list(harness.probes.release) or list(self._stack.differing_images())
        most = max(sum(self._stack.service(name).replicas for name in fleet) - 1, 1)
        for number in range(1, FAILURES + 1):
            phase = f"failed-deploy-{number}"
            yield Interrupt(phase=phase, release=self._gate.new, replicas=min(number, most))
            yield Check(phase=phase, checks=(CheckCall.of(failed.check),))

    def _attempt(self, verb: Literal["deploy", "rollback"], whole: tuple[str, ...], release: str) -> Iterator[Step]:
        case = self._case
        half = bool(case.fault) and case.moment == f"{verb}-1"
        on = bool(case.fault) and (half or case.moment in whole)
        if half:
            yield Attempt(
                phase=verb, verb=verb, release=release, name=NAME, fault=dict(case.fault), deployers=self._deployers
            )
        else:
            if on:
                yield self._inject(f"{verb}-fault")
            yield self._plain(verb, verb, self._deployers)
        if on:
            yield from self._while_on(verb)
            yield Heal(name=NAME)
        if on or case.act or self._deployers > 1:
            yield Hold(phase=f"{verb}-seen", seconds=self._hold)
            yield Check(phase=f"{verb}-seen", checks=(self._word(verb, release, under_a_fault=on),))
        if case.given == "twice":
            yield self._plain(verb, f"{verb}-twice")  # which must do no harm

    def _plain(self, verb: Literal["deploy", "rollback"], phase: str, deployers: int = 1) -> Step:
        """A command and nothing else."""
        if verb == "deploy":
            return Deploy(phase=phase, release=self._gate.new, deployers=deployers)
        return Rollback(phase=phase, deployers=deployers)

    def _word(self, verb: Literal["deploy", "rollback"], release: str, *, under_a_fault: bool) -> CheckCall:
        """Whether what was said of it is true. Under a fault it may be refused; of two deployers one may refuse."""
        if self._deployers == 1:
            asked = partial(deployer.check, verb=verb, release=release)
            return CheckCall.of(partial(asked, may_refuse=True) if under_a_fault else asked)
        both = partial(two_deployers.check, verb=verb, release=release)
        return CheckCall.of(partial(both, both_may_refuse=True) if under_a_fault else both)

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
        """What the stack declares for as long as a fault is on: for the way in which it is deployed."""
        if self._case.strategy not in ("", chosen(self._stack)):
            return
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
