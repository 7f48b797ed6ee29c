"""Which release the database's schema is of."""

from __future__ import annotations

from collections.abc import Sequence

from harness.events import ProbeSchema
from harness.history import Event, History
from harness.probes._base import Observed
from harness.probes.replica import Replica, ask


def once(environment: Observed, history: History) -> None:
    """Ask for it where `probes.schema` declares."""
    if (declared := environment.stack.harness.probes.database_schema) is not None:
        probe(history, environment[declared.service][0], declared.command)


def probe(history: History, replica: Replica, command: Sequence[str]) -> Event[ProbeSchema]:
    """Ask for it, and record `probe.schema`: the answer as it came, which the check compares with what was declared.

    Args:
        history: where the answer goes.
        replica: where the command runs.
        command: exit code 0 and an answer on stdout.
    """
    found = ask(replica, command)
    return history.record(ProbeSchema(found.text, found.error))
