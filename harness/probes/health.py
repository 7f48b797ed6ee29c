"""Whether every replica is healthy, asked of each one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.errors import HostError
from harness.history import Event, History
from harness.probes.replica import Replica, shortened


def probe(
    history: History, replicas: Iterable[Replica], command: Sequence[str] | str, timeout: float = 10.0
) -> tuple[Event, ...]:
    """Run the health command in each replica, and record one `probe.health` for each.

    Exit code 0 is healthy, every other one is not; a replica that cannot run the command has no answer.

    Args:
        history: where the answers go.
        replicas: all replicas of a service.
        command: words, or a text for the replica's shell (a Compose health check of the form CMD-SHELL).
        timeout: seconds.
    """
    return tuple(_one(history, replica, command, timeout) for replica in replicas)


def _one(history: History, replica: Replica, command: Sequence[str] | str, timeout: float) -> Event:
    try:
        answer = replica.run(command, timeout)
    except HostError as error:
        return history.record("probe.health", replica=replica.name, ok=None, error=shortened(str(error)))
    said = answer.stderr.strip() or answer.stdout.strip()
    bad = f"exit code {answer.exit_code}" + (f": {said}" if said else "")
    healthy = answer.exit_code == 0
    return history.record("probe.health", replica=replica.name, ok=healthy, error=None if healthy else shortened(bad))
