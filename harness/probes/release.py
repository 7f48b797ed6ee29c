"""Which release every replica runs, asked of each one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.history import Event, History
from harness.probes.replica import Replica, ask, picked


def probe(
    history: History, replicas: Iterable[Replica], command: Sequence[str], field: str | None = None
) -> tuple[Event, ...]:
    """Ask each replica, and record one `probe.release` for each.

    Args:
        history: where the answers go.
        replicas: all replicas of a service.
        command: what to run in each; exit code 0 and an answer on stdout.
        field: the field of the JSON answer that holds the release; None takes the stripped answer as it is.
    """
    return tuple(one(history, replica, command, field) for replica in replicas)


def one(history: History, replica: Replica, command: Sequence[str], field: str | None = None) -> Event:
    """Ask one replica."""
    found = picked(ask(replica, command), field)
    return history.record("probe.release", replica=replica.name, release=found.text, error=found.error)
