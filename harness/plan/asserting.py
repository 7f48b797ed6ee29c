"""Checks as assertions: `assert checks.logs(phase="deployed", release="4.1.1")`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol

from harness import checks
from harness.checks import (
    acknowledged,
    answers,
    availability,
    containers,
    convergence,
    deployer,
    effects,
    errors,
    failed,
    faults,
    growth,
    half_way,
    health,
    loaded,
    locks,
    log_errors,
    log_mix,
    logs,
    metastable,
    no_change,
    one_way,
    performance,
    queue,
    reads,
    reads_forward,
    recovery,
    registry,
    release,
    resources,
    restarts,
    second_deployment,
    tail,
    trace,
    two_deployers,
)
from harness.checks.logs import ExpectedLog
from harness.errors import UsageError
from harness.history import Event
from harness.stack import Stack
from harness.verdict import Verdict

if TYPE_CHECKING:
    from harness.plan.subject import Subject


class Declared(Protocol):
    """What a trial knows of its environment."""

    stack: Stack
    environment: Subject

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def fleet_names(self) -> tuple[str, ...]: ...

    @property
    def watched_for_health(self) -> tuple[str, ...]: ...

    @property
    def logs(self) -> tuple[ExpectedLog, ...]: ...


P = ParamSpec("P")


class Asks(Generic[P]):
    """A check as a method of `Checks`: it takes the check's parameters."""

    def __init__(self, check: Callable[Concatenate[Iterable[Event], P], Verdict]) -> None:
        self._check = check
        self.__doc__ = check.__doc__

    def __get__(self, checks: Checks, owner: type[Checks]) -> Callable[P, Verdict]:
        return checks.asks(self._check)


class Checks:
    """Every check by its name, over what the history has of an environment so far.

    What the stack declares need not be repeated: which replicas there are, which logs they write, in which time they
    have to recover. A verdict is true for a pass alone, and a failed assertion shows outcome, reason and evidence.

    Args:
        ask: asks a check, as `Trial.check` does.
    """

    def __init__(self, ask: Callable[..., Verdict]) -> None:
        self._ask = ask

    acknowledged = Asks(acknowledged.check)
    answers = Asks(answers.check)
    availability = Asks(availability.check)
    containers = Asks(containers.check)
    convergence = Asks(convergence.check)
    deployer = Asks(deployer.check)
    effects = Asks(effects.check)
    errors = Asks(errors.check)
    failed = Asks(failed.check)
    faults = Asks(faults.check)
    growth = Asks(growth.check)
    half_way = Asks(half_way.check)
    health = Asks(health.check)
    loaded = Asks(loaded.check)
    locks = Asks(locks.check)
    log_errors = Asks(log_errors.check)
    log_mix = Asks(log_mix.check)
    logs = Asks(logs.check)
    metastable = Asks(metastable.check)
    no_change = Asks(no_change.check)
    one_way = Asks(one_way.check)
    performance = Asks(performance.check)
    queue = Asks(queue.check)
    reads = Asks(reads.check)
    reads_forward = Asks(reads_forward.check)
    recovery = Asks(recovery.check)
    registry = Asks(registry.check)
    release = Asks(release.check)
    resources = Asks(resources.check)
    restarts = Asks(restarts.check)
    second_deployment = Asks(second_deployment.check)
    tail = Asks(tail.check)
    trace = Asks(trace.check)
    two_deployers = Asks(two_deployers.check)

    def asks(self, check: Callable[..., Verdict]) -> Callable[..., Verdict]:
        """What asks a check, and records its verdict."""

        def asked(*, phase: str, **parameters: Any) -> Verdict:
            return self._ask(partial(check, **parameters), phase=phase)

        return asked

    def __getattr__(self, name: str) -> Callable[..., Verdict]:
        """One of another package; `no-change` is `no_change`. AttributeError names those that there are."""
        if name.replace("_", "-") not in checks.names():
            known = ", ".join(self.__dir__())
            raise AttributeError(f"there is no check {name!r}; there are {known}", name=name)
        return self.asks(checks.find(name))

    def __dir__(self) -> list[str]:
        return [name.replace("-", "_") for name in checks.names()]


def completed(trial: Declared, name: str, phase: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a check, with what the stack declares where none was given.

    Raises:
        UsageError: one that only the caller can know is missing, or the check takes no such parameter.
    """
    known = inspect.signature(checks.find(name)).parameters
    foreign = sorted(set(given) - set(known))
    if foreign:
        raise UsageError(
            f"The check {name} takes no {foreign[0]!r}",
            where=f"phase {phase}",
            expected=", ".join(key for key in known if key not in ("events", "samples")),
        )
    made, said = dict(given), thresholds(trial.stack, name)
    for key, parameter in known.items():
        if key in made or key in ("events", "phase", "samples"):
            continue
        if key in said:
            made[key] = said[key]
            continue
        declared = DECLARED.get(f"{name}.{key}") or DECLARED.get(key)
        if declared is not None:
            made[key] = declared(trial, name)
        elif parameter.default is inspect.Parameter.empty:
            raise UsageError(
                f"The check {name} needs to know {key!r}",
                where=f"phase {phase}",
                hint=f"checks.{name.replace('-', '_')}(phase={phase!r}, {key}=...)",
            )
    return made


def thresholds(stack: Stack, name: str) -> Mapping[str, Any]:
    """The parameters of a check that the stack declares (`x-harness: checks`)."""
    declared = stack.harness.checks.get(name)
    return declared.parameters if declared is not None else {}


def needed(name: str) -> list[str]:
    """The parameters of a check that neither it nor the stack has a value for."""
    without = _without_default(checks.find(name))
    return [key for key in without if not (DECLARED.get(f"{name}.{key}") or DECLARED.get(key))]


@cache
def _without_default(check: checks.Check) -> tuple[str, ...]:
    parameters = inspect.signature(check).parameters.items()
    told = (key for key, parameter in parameters if parameter.default is inspect.Parameter.empty)
    return tuple(key for key in told if key not in ("events", "phase", "samples"))


def _replicas(trial: Declared, name: str) -> tuple[str, ...]:
    return {"containers": trial.names, "health": trial.watched_for_health}.get(name, trial.fleet_names)


def _configured(trial: Declared) -> tuple[str, ...]:
    """The replicas that can be asked which release their configuration is of."""
    services = trial.stack.harness.probes.configuration
    return tuple(replica.name for service in services for replica in trial.environment[service])


def _schema(trial: Declared) -> dict[str, str] | None:
    declared = trial.stack.harness.probes.database_schema
    return None if declared is None else dict(declared.releases)


DECLARED: Mapping[str, Callable[[Declared, str], Any]] = {  # by parameter, or by check and parameter
    "availability.latency": lambda trial, _: trial.stack.harness.availability.latency,
    "availability.longest_outage": lambda trial, _: trial.stack.harness.availability.longest_outage,
    "availability.budget": lambda trial, _: trial.stack.harness.availability.budget,
    "answers.named": lambda trial, _: bool(trial.stack.harness.workload and trial.stack.harness.workload.release),
    "replicas": _replicas,
    "logs": lambda trial, _: trial.logs,
    "allow": lambda trial, _: trial.stack.allowances,
    "effects": lambda trial, _: tuple(trial.stack.harness.workload.effects if trial.stack.harness.workload else ()),
    "registry": lambda trial, _: trial.stack.harness.probes.registry is not None,
    "configured": lambda trial, _: _configured(trial),
    "schema": lambda trial, _: _schema(trial),
    "balancer": lambda trial, _: any(
        one.kind == "haproxy" and one.watch for one in trial.stack.harness.servers.values()
    ),
}
