"""Which release every replica runs: asked of each one, or told by the image that its container was made of.

At the end of a phase a replica is asked as often as it takes: behind one port there may be many workers, and one that
was left on another release answers now and then. Several questions go in one command of the replica's shell, each over
a connection of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from harness.errors import EngineError, HostError, ReplicaGone
from harness.events import ProbeRelease
from harness.history import Event, History
from harness.printable import shortened
from harness.probes._base import Observed
from harness.probes.replica import Replica, ask, picked

DIGEST = 19  # characters of a digest that are shown: `sha256:` and twelve more


class Imaged(Protocol):
    """A replica whose image the engine tells."""

    @property
    def name(self) -> str: ...
    def running_image(self) -> str: ...


def once(environment: Observed, history: History) -> None:  # noqa: ARG001 - the environment records it itself
    """Ask every replica of the fleet, so often that one worker of another release among its fellows is heard."""
    environment.releases(thorough=True)


def probe(
    history: History, replicas: Iterable[Replica], command: Sequence[str], field: str | None = None
) -> tuple[Event[ProbeRelease], ...]:
    """Ask each replica, and record one `probe.release` for each.

    Args:
        history: where the answers go.
        replicas: all replicas of a service.
        command: what to run in each; exit code 0 and an answer on stdout.
        field: the field of the JSON answer that holds the release; None takes the stripped answer as it is.
    """
    return tuple(one(history, replica, command, field) for replica in replicas)


def one(history: History, replica: Replica, command: Sequence[str], field: str | None = None) -> Event[ProbeRelease]:
    """Ask one replica."""
    found = picked(ask(replica, command), field)
    return history.record(ProbeRelease(replica.name, found.text, found.error))


def by_image(history: History, replica: Imaged, releases: Callable[[str], Sequence[str]]) -> Event[ProbeRelease]:
    """Look at the image that the replica's running container was made of. One that no release has is what it runs, and
    no release; one that several have tells nothing.

    Args:
        releases: the releases that have the image of this digest.
    """
    try:
        image = replica.running_image()
    except (EngineError, HostError) as error:
        running = False if isinstance(error, ReplicaGone) else None
        return history.record(ProbeRelease(replica.name, None, shortened(error.what), running=running))
    found = releases(image)
    release = found[0] if found else f"the image {image[:DIGEST]}"
    same = f"the releases {', '.join(found)} have the same image, {image[:DIGEST]}" if len(found) > 1 else None
    return history.record(ProbeRelease(replica.name, None if same else release, same, image=image))
