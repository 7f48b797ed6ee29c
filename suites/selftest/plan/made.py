"""A trial of the tiny stack that needs no container: it is judged by the events that a test gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, cast

import pytest

from fixtures import tiny
from harness.clock import ManualClock
from harness.deploy import Deployment
from harness.environment import Environment
from harness.history import Event, History
from harness.plan.gate import Gate, Settings
from harness.plan.plan import Plan
from harness.plan.standing import standing
from harness.plan.steps import Progress, Step
from harness.plan.subject import Subject
from harness.plan.trial import Trial
from harness.stack import Stack, load
from harness.verdict import Verdict

OLD, NEW = "1.0.0", "1.1.0"


@cache  # a stack is a value: nothing changes it
def tiny_stack() -> Stack:
    """The tiny stack as it stands, whatever the variables of this machine say."""
    return load(tiny.STACK, environ={})


class FakeReplica:
    def __init__(self, name: str, stack: Stack) -> None:
        self.name, self.service = name, name.rsplit("-", 1)[0]
        self.runs = 1
        self.health = stack.services[self.service].healthcheck

    def record_tails(self) -> None:
        """It has no logs."""


class FakeEnvironment:
    """Has names and a history, and runs nothing."""

    id, release, failed = "h1", OLD, False

    def __init__(self, stack: Stack, history: History) -> None:
        self.stack, self.history = stack, history
        self.replicas = tuple(FakeReplica(n, stack) for s in stack.services.values() for n in s.replica_names())

    @property
    def fleet_services(self) -> tuple[str, ...]:
        return tuple(self.stack.harness.probes.release)

    def __getitem__(self, service: str) -> tuple[FakeReplica, ...]:
        return tuple(replica for replica in self.replicas if replica.service == service)

    def fingerprint(self, name: str) -> None:
        """It has no state; what is not taken is unknown to the checks."""

    def releases(self) -> dict[str, str | None]:
        """Nobody is asked."""
        return {}

    def check_alive(self, *, every: float = 0.0) -> None:
        """It is always there."""

    def mark_logs(self, prefix: str) -> None:
        """It has no logs."""

    def report_logs(self) -> None:
        """It has no logs."""

    def cover(self) -> None:
        """No witness reports anything."""

    def address(self, target: str | None = None) -> tuple[str, int]:  # noqa: ARG002 - it has one entrypoint
        return "127.0.0.1", 40000


def environment(stack: Stack | None = None, history: History | None = None) -> Environment:
    """An environment of the tiny stack, or of another."""
    made: Any = FakeEnvironment(stack or tiny_stack(), history or History(clock=ManualClock()))
    return cast(Environment, made)


def trial(stack: Stack | None = None, history: History | None = None) -> Trial:
    """A trial over it."""
    return Trial(cast(Subject, environment(stack, history)))


def gate(stack: Stack | None = None) -> Gate:
    """From the old release to the new one, in as little time as the checks can do with."""
    return Gate(stack or tiny_stack(), OLD, NEW, Settings(baseline=1.5, hold=1.5, drain=5.0))


class Ended:
    """A run of the deployer that is over at once."""

    ended = True

    def wait(self) -> Deployment:
        return Deployment("deploy", NEW, "exit", 0, 0.0, 0)

    def stop(self) -> Deployment:
        return self.wait()


def deployed_by(made: Trial, monkeypatch: pytest.MonkeyPatch, said: Callable[[str], object] = str) -> None:
    """In the place of the deployer one that only says what it is given: `deploy 1.1.0`, `rollback`."""

    def start(verb: str, release: str | None = None) -> Ended:
        said(" ".join(filter(None, (verb, release))))
        return Ended()

    monkeypatch.setattr(made.deployer, "start", start)


def plan_of(*steps: Step, **more: Any) -> Plan:
    """A plan of these steps between the two releases."""
    return Plan("p", "a test", OLD, NEW, steps, **more)


def judged(made: Trial, phase: str, release: str) -> list[Verdict]:
    """What the gate's checks say of a phase in which everything should stand on a release."""
    return [asked.ask(made, Progress(), phase) for asked in standing(made.stack, release)]


def replayed(events: Iterable[Event]) -> History:
    """A history that holds these events."""
    history = History(clock=ManualClock())
    vars(history)["_events"].extend(events)
    return history
