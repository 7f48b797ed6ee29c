"""Which release the registry names: the one that the deployer believes in."""

from __future__ import annotations

from collections.abc import Sequence

from harness.events import ProbeRegistry
from harness.history import Event, History
from harness.probes._base import Observed
from harness.probes.replica import Replica, ask, picked


def once(environment: Observed, history: History) -> None:
    """Ask it where `probes.registry` declares."""
    if (declared := environment.stack.harness.probes.registry) is not None:
        probe(history, environment[declared.service][0], declared.command)


def probe(history: History, replica: Replica, command: Sequence[str], field: str | None = None) -> Event[ProbeRegistry]:
    """Ask the registry, and record `probe.registry`.

    Args:
        history: where the answer goes.
        replica: where the command runs.
        command: exit code 0 and an answer on stdout.
        field: the field of the JSON answer that holds the release; None takes the stripped answer as it is.
    """
    found = picked(ask(replica, command), field)
    return history.record(ProbeRegistry(found.text, found.error))
