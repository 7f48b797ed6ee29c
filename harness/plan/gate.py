"""The gate: a release is deployed and taken back, and both are judged.

Two plans, each in an environment of its own:

- `round-trip`: baseline, deploy, deployed, rollback, rolled-back, a second rollback, which must do no harm, and a
  second deployment, which must come to what the first one came to, and whose rollback must leave no trace either. Where
  the release is declared one-way, its rollback must be refused instead;
- `half-deployment`: the deployer is killed when the first replica runs the new release, and what it left is rolled
  back.

Rolling back is never skipped because deploying failed: a failed deployment is when a rollback is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from harness.checks import (
    answers,
    deployer,
    growth,
    half_way,
    loaded,
    log_mix,
    logs,
    no_change,
    one_way,
    performance,
    resources,
    second_deployment,
    tail,
    trace,
)
from harness.fingerprint.moving import WITNESSED
from harness.plan import rotation
from harness.plan.changing import while_changing, while_interrupted
from harness.plan.needs import refuse_unknown
from harness.plan.plan import Plan
from harness.plan.reading import with_reads
from harness.plan.standing import BEFORE_LOAD, drained, level, measured, standing
from harness.plan.steps import Step
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.check import Check
from harness.plan.steps.control import Control
from harness.plan.steps.deploy import Deploy
from harness.plan.steps.fingerprint import Fingerprint
from harness.plan.steps.hold import Hold
from harness.plan.steps.interrupt import Interrupt
from harness.plan.steps.load import Load
from harness.plan.steps.measure import Measure
from harness.plan.steps.read_back import ReadBack, reads_back
from harness.plan.steps.recover import Recover
from harness.plan.steps.recovered import Recovered
from harness.plan.steps.rollback import Rollback
from harness.plan.steps.rotate import Rotate
from harness.plan.steps.soak import Soak
from harness.servers import declared
from harness.stack import Stack

# The phase that recovery is measured against: nothing else is done in it, as in `recovered`.
MEASURED = "recovery-baseline"


@dataclass(frozen=True, slots=True)
class Settings:
    """How long the gate looks. Seconds.

    Attributes:
        baseline: of load before the deployment.
        hold: of load after each deployment and rollback; of each further window while performance is given time to
            recover.
        drain: that the queue may take to come back to its level.
        soak: of load on the new release, for leaks; 0 for none.
        recovery: measure recovery with a stated confidence, against a control, for as long as `x-harness: recovery`
            says; else performance is compared coarsely alone.
    """

    baseline: float = 5.0
    hold: float = 3.0
    drain: float = 30.0
    soak: float = 0.0
    recovery: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """What is to be gated.

    Attributes:
        stack: what to bring up.
        old, new: the release that runs, and the one that is deployed and taken back.
        settings: how long to look.
    """

    stack: Stack
    old: str
    new: str
    settings: Settings = Settings()

    @property
    def one_way(self) -> str | None:
        """Why the new release cannot be taken back, as declared; None where it can."""
        declared = self.stack.harness.deployer
        return declared.one_way.get(self.new) if declared is not None else None

    def plans(self, scenarios: Sequence[str] = ()) -> tuple[Plan, ...]:
        """The plans of these scenarios, or of all, checked against the stack.

        Raises:
            UsageError: the stack lacks something that they need, before anything is brought up.
        """
        refuse_unknown(self.stack)
        plans = tuple(SCENARIOS[name](self) for name in scenarios or SCENARIOS)
        for plan in plans:
            plan.check(self.stack)
        return plans

    @property
    def baseline_seconds(self) -> float:
        """How long the baseline that recovery is measured against takes."""
        return max(self.settings.baseline, self.stack.harness.recovery.baseline)


def round_trip(gate: Gate) -> Plan:
    """Deploy, look, roll back, look, roll back again, look; deploy again, find the same, and roll back."""
    old, new, recovery = gate.old, gate.new, gate.settings.recovery
    steps: list[Step] = [
        *([Control()] if recovery else []),
        *_before_load(gate, BEFORE_LOAD),
        Load(),
        _baseline(gate, "baseline"),
        *([Measure(phase=MEASURED, seconds=gate.baseline_seconds)] if recovery else []),
        Fingerprint(phase="baseline"),
        *_deploy(gate, "deploy", new),
        *_settle(gate, "deployed", new, _claim("deploy", new)),
        _fast(gate, "deployed", new),
        *_soak(gate, new),
        Fingerprint(phase="deployed"),
    ]
    if gate.one_way is not None:
        steps += _refused(gate, gate.one_way)
        return _plan(gate, "round-trip", f"{old} -> {new}, which cannot be taken back", steps)
    steps += [
        *_rollback(gate, "rollback"),
        *([Recovered(phase="recovered", baseline=MEASURED)] if recovery else []),
        *_settle(
            gate,
            "rolled-back",
            old,
            _claim("rollback", old),
            _marks(gate),
            *_loaded(gate, "deployed", gate.new),
            *_usual(gate),
        ),
        _fast(gate, "rolled-back", old),
        *_no_trace("rolled-back", "baseline"),
        *_rollback(gate, "second-rollback"),
        *_settle(
            gate,
            "rolled-back-twice",
            old,
            CheckCall.of(partial(no_change.check, before="rolled-back")),
            _claim("rollback", old, _nothing_to_take_back(gate)),
            _marks(gate),
        ),
        *_no_trace("rolled-back-twice", "baseline"),
        *_rotated(gate, "rotated", old),
        *_deploy(gate, "second-deploy", new),
        *_settle(
            gate,
            "deployed-again",
            new,
            _claim("deploy", new),
            *_loaded(gate, "rolled-back-twice"),
            CheckCall.of(tail.check),
        ),
        Fingerprint(phase="deployed-again"),
        _check("deployed-again", CheckCall.of(partial(second_deployment.check, before="deployed"))),
        *_rollback(gate, "third-rollback"),
        *_settle(gate, "rolled-back-again", old, _claim("rollback", old)),
        *_no_trace("rolled-back-again", "baseline"),
    ]
    return _plan(gate, "round-trip", f"{old} -> {new} -> {old}", steps)


def half_deployment(gate: Gate) -> Plan:
    """Kill the deployer when the first replica runs the new release; roll back what it left; look."""
    baseline = "half-baseline"
    steps = [
        *_before_load(gate, f"half-{BEFORE_LOAD}"),
        Load(),
        _baseline(gate, baseline),
        Fingerprint(phase=baseline),
        Interrupt(phase="half-deploy", release=gate.new),
        _check(
            "half-deploy",
            CheckCall.of(partial(half_way.check, release=gate.new)),
            *while_interrupted(gate.stack, baseline),
        ),
        *_rollback(gate, "half-rollback", baseline),
        *_settle(
            gate,
            "half-rolled-back",
            gate.old,
            _claim("rollback", gate.old),
            *_loaded(gate, "half-deploy", gate.new, baseline=baseline, deployed="half-deploy"),
            *_usual(gate, baseline),
            baseline=baseline,
        ),
        *_no_trace("half-rolled-back", baseline),
    ]
    return _plan(gate, "half-deployment", f"{gate.old} -> half of {gate.new} -> {gate.old}", steps)


SCENARIOS: dict[str, Callable[[Gate], Plan]] = {
    "round-trip": round_trip,
    "half-deployment": half_deployment,
}


def _plan(gate: Gate, name: str, title: str, steps: Sequence[Step]) -> Plan:
    """The plan, with what the stack says of its checks."""
    every = tuple(with_reads(gate.stack, steps, gate.settings.drain))
    return Plan(name, title, gate.old, gate.new, every).adapted(gate.stack)


def _check(phase: str, *asked: CheckCall) -> Check:
    return Check(phase=phase, checks=asked)


def _claim(verb: str, release: str, refusals: Sequence[int] = ()) -> CheckCall:
    """Whether what the deployer says of itself is true."""
    asked = partial(deployer.check, verb=verb, release=release)
    return CheckCall.of(partial(asked, refusals=list(refusals)) if refusals else asked)


def _nothing_to_take_back(gate: Gate) -> Sequence[int]:
    """The exit codes with which the deployer may refuse a second rollback, as declared."""
    declared = gate.stack.harness.deployer
    return declared.nothing_to_take_back if declared is not None else ()


def _before_load(gate: Gate, phase: str) -> list[Step]:
    """A fingerprint before the load, where a server has values that the load may move."""
    servers = (one for one in declared(gate.stack.harness).values() if one.compare)
    return [Fingerprint(phase=phase)] if any(set(WITNESSED) & set(one.parts) for one in servers) else []


def _marks(gate: Gate, phase: str = "deployed") -> CheckCall:
    """Whether no answer after the rollback has a mark of the release that was taken back."""
    return CheckCall.of(partial(answers.check, release=gate.old, deployed=phase))


def _usual(gate: Gate, baseline: str = "baseline") -> list[CheckCall]:
    """Whether everybody uses about what they did; where the fleet can be asked."""
    asked = gate.stack.harness.probes.release
    return [CheckCall.of(partial(resources.check, baseline=baseline))] if asked else []


def _loaded(
    gate: Gate, before: str, other: str = "", *, baseline: str = "baseline", deployed: str = "deployed"
) -> list[CheckCall]:
    """Whether the change since a phase replaced every process that it should have; where the fleet can be asked."""
    if not gate.stack.harness.probes.release:
        return []
    asked = partial(loaded.check, before=before, baseline=baseline, deployed=deployed)
    return [CheckCall.of(partial(asked, other=other) if other else asked)]


def _baseline(gate: Gate, phase: str) -> Hold:
    return measured(gate.stack, gate.old, gate.settings.baseline, phase)


def _deploy(gate: Gate, phase: str, release: str) -> list[Step]:
    return [Deploy(phase=phase, release=release), _check(phase, *while_changing(gate.stack, "baseline"))]


def _rollback(gate: Gate, phase: str, baseline: str = "baseline") -> list[Step]:
    """Rolling back is never skipped because deploying failed: a failed deployment is when a rollback is needed."""
    return [Rollback(phase=phase), _check(phase, *while_changing(gate.stack, baseline))]


def _settle(gate: Gate, phase: str, release: str, *more: CheckCall, baseline: str = "baseline") -> list[Step]:
    """Hold a phase after a deployment or a rollback, and judge where everything stands; then what else is asked."""
    within, checks = gate.settings.drain, standing(gate.stack, release, baseline)
    if release == gate.old and any(gate.stack.harness.logs.values()):  # another release may write other logs
        checks = (*checks, CheckCall.of(partial(log_mix.check, baseline=baseline)))
    checks = (*checks, *drained(gate.stack, within, baseline))
    return [
        Hold(phase=phase, seconds=gate.settings.hold, drain=level(gate.stack, within, baseline), checks=checks),
        *([ReadBack(phase=phase, within=within)] if reads_back(gate.stack) else []),
        *([_check(phase, *more)] if more else []),
    ]


def _fast(gate: Gate, phase: str, release: str) -> Recover:
    """Whether it is about as fast as in the baseline, at once or in the time that recovery has; a release that has just
    come warms up.
    """
    within, hold = gate.stack.harness.recovery.within, gate.settings.hold
    return Recover(phase=phase, within=within, hold=hold, checks=standing(gate.stack, release))


def _soak(gate: Gate, release: str) -> list[Step]:
    """The new release under load for so long that what leaks is seen."""
    if not gate.settings.soak:
        return []
    checks = (*standing(gate.stack, release), CheckCall.of(growth.check), CheckCall.of(performance.check))
    return [Soak(phase="soak", seconds=gate.settings.soak, checks=checks)]


def _rotated(gate: Gate, phase: str, release: str) -> list[Step]:
    """A rotation of the logs whose stack says that it is harmless: they have to go on. A release that was taken back
    may write where a rotation does not reach it any more.
    """
    if not rotation.declared(gate.stack):
        return []
    written = CheckCall.of(partial(logs.check, release=release, baseline="baseline"))
    return [Rotate(phase=phase, seconds=gate.settings.hold, checks=(written,))]


def _no_trace(phase: str, before: str) -> list[Step]:
    """Whether a rollback left nothing of what was deployed."""
    return [Fingerprint(phase=phase), _check(phase, CheckCall.of(partial(trace.check, before=before)))]


def _refused(gate: Gate, because: str) -> list[Step]:
    """Try to take back a release that cannot be, which must be refused before anything is changed."""
    told = partial(one_way.check, before="deployed", release=gate.new, because=because)
    return [
        *_rollback(gate, "refused-rollback"),
        *_settle(gate, "refused", gate.new),
        Fingerprint(phase="refused"),
        _check("refused", CheckCall.of(told)),
    ]
