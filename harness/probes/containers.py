"""The state of every replica's container, looked at from outside."""

from __future__ import annotations

from harness.errors import EngineError, HostError
from harness.events import ProbeContainer
from harness.history import Event, History
from harness.printable import shortened
from harness.probes._base import Observed, Standing


def once(environment: Observed, history: History) -> None:
    """Look at each container, and record one `probe.container` for each."""
    for replica in environment.replicas:
        one(history, replica)


def one(history: History, replica: Standing) -> Event[ProbeContainer]:
    """Look at one."""
    try:
        found = replica.state()
    except (EngineError, HostError) as error:
        return history.record(ProbeContainer(replica.name, None, None, None, None, shortened(str(error))))
    seen = (found.status, found.started_at, found.exit_code, found.oom_killed)
    return history.record(ProbeContainer(replica.name, *seen, None))
