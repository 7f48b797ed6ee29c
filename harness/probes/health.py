"""Whether every replica is healthy, asked of each one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness import waiting
from harness.errors import HostError
from harness.events import ProbeHealth
from harness.history import Event, History
from harness.printable import shortened
from harness.probes._base import Observed, Standing
from harness.probes.replica import Replica
from harness.stack import Stack, command_of

PATIENCE = 5.0  # s after which a replica is not asked again: one that hangs costs its timeout once
MAX_ATTEMPTS = 3  # where the health check's own `retries` allow so many
MAX_PAUSE = 1.0  # s between two of them


def once(environment: Observed, history: History) -> None:
    """Ask the replicas of every service by the declared probe, else by the health checks of their own."""
    for service in environment.stack.services:
        declared = environment.stack.harness.probes.health.get(service)
        if declared is not None:
            probe(history, environment[service], declared.command)
            continue
        for replica in environment[service]:
            command = command_of(replica.health)
            if replica.health is not None and command is not None:
                attempts = max(1, min(replica.health.retries, MAX_ATTEMPTS))
                pause = min(replica.health.interval, MAX_PAUSE)
                probe(history, [replica], command, replica.health.timeout, attempts=attempts, pause=pause)


def watched(stack: Stack, replicas: Iterable[Standing]) -> tuple[str, ...]:
    """The names of the replicas that have a health check of any kind."""
    declared = stack.harness.probes.health
    return tuple(one.name for one in replicas if one.service in declared or command_of(one.health))


def probe(
    history: History,
    replicas: Iterable[Replica],
    command: Sequence[str] | str,
    timeout: float = 10.0,
    *,
    attempts: int = 1,
    pause: float = 0.0,
) -> tuple[Event[ProbeHealth], ...]:
    """Run the health command in each replica, and record a `probe.health` for every answer; returns the last of each.

    Exit code 0 is healthy, every other one is not; a replica that cannot run the command has no answer.

    Args:
        history: where the answers go.
        replicas: all replicas of a service.
        command: words, or a text for the replica's shell (a Compose health check of the form CMD-SHELL).
        timeout: seconds.
        attempts: how often a replica is asked at most, until it is healthy: as Compose, which calls none unhealthy
            before `retries` answers in a row say so.
        pause: seconds between two of them.
    """
    return tuple(_asked(history, replica, command, timeout, attempts, pause) for replica in replicas)


def _asked(
    history: History, replica: Replica, command: Sequence[str] | str, timeout: float, attempts: int, pause: float
) -> Event[ProbeHealth]:
    began = history.clock.monotonic()
    event = _one(history, replica, command, timeout)
    for _ in range(attempts - 1):
        if event.body.ok is True or history.clock.monotonic() - began > PATIENCE:
            break
        waiting.pause(pause, history.clock)
        event = _one(history, replica, command, timeout)
    return event


def _one(history: History, replica: Replica, command: Sequence[str] | str, timeout: float) -> Event[ProbeHealth]:
    try:
        answer = replica.run(command, timeout)
    except HostError as error:
        return history.record(ProbeHealth(replica.name, None, shortened(str(error))))
    said = answer.stderr.strip() or answer.stdout.strip()
    bad = f"exit code {answer.exit_code}" + (f": {said}" if said else "")
    healthy = answer.exit_code == 0
    return history.record(ProbeHealth(replica.name, healthy, None if healthy else shortened(bad)))
