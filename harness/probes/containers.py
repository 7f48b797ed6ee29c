"""The state of every replica's container, looked at from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.errors import EngineError, HostError
from harness.events import ProbeContainer
from harness.history import Event, History
from harness.printable import shortened


@dataclass(frozen=True, slots=True)
class ContainerState:
    """What the engine says of a container.

    Attributes:
        status: `running`, `exited`, `paused`, `removed`, ...
        started: when it was started last, as the engine writes it; compared, never parsed.
        exit_code: of its last end, or None.
        oom_killed: its last end was for lack of memory.
    """

    status: str
    started: str | None = None
    exit_code: int | None = None
    oom_killed: bool = False


def probe(
    history: History, replicas: Iterable[str], state: Callable[[str], ContainerState]
) -> tuple[Event[ProbeContainer], ...]:
    """Look at each container, and record one `probe.container` for each.

    Args:
        history: where the answers go.
        replicas: their names.
        state: asks the engine for the container of a replica; raises EngineError or HostError where it cannot.
    """
    return tuple(_one(history, replica, state) for replica in replicas)


def _one(history: History, replica: str, state: Callable[[str], ContainerState]) -> Event[ProbeContainer]:
    try:
        found = state(replica)
    except (EngineError, HostError) as error:
        return history.record(ProbeContainer(replica, None, None, None, None, shortened(str(error))))
    return history.record(ProbeContainer(replica, found.status, found.started, found.exit_code, found.oom_killed, None))
