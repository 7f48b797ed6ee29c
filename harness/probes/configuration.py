"""Which release the configuration of every replica is of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.events import ProbeConfiguration
from harness.history import Event, History
from harness.probes._base import Observed
from harness.probes.replica import Replica, ask, picked


def once(environment: Observed, history: History) -> None:
    """Ask the replicas of every service that `probes.configuration` declares."""
    for service, asked in environment.stack.harness.probes.configuration.items():
        probe(history, environment[service], asked.command, asked.field)


def probe(
    history: History, replicas: Iterable[Replica], command: Sequence[str], field: str | None = None
) -> tuple[Event[ProbeConfiguration], ...]:
    """Ask each replica, and record one `probe.configuration` for each.

    Args:
        history: where the answers go.
        replicas: all replicas of a service.
        command: what to run in each; exit code 0 and an answer on stdout.
        field: the field of the JSON answer that holds the release; None takes the stripped answer as it is.
    """
    made = []
    for replica in replicas:
        found = picked(ask(replica, command), field)
        made.append(history.record(ProbeConfiguration(replica.name, found.text, found.error)))
    return tuple(made)
