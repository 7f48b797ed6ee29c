"""What a probe is: what it asks of an environment, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

from harness.events import ProbeQueue, ProbeReplica, ProbeServer
from harness.history import Event, History
from harness.kept import Startable
from harness.probes.replica import Replica
from harness.stack import Healthcheck, Stack

if TYPE_CHECKING:
    from harness.engine import ContainerState


class Standing(Replica, Protocol):
    """A replica of an environment that is up."""

    @property
    def service(self) -> str: ...
    @property
    def health(self) -> Healthcheck | None: ...
    def state(self) -> ContainerState: ...


class Observed(Protocol):
    """An environment that is up, as it is looked at once."""

    @property
    def stack(self) -> Stack: ...
    @property
    def replicas(self) -> Sequence[Standing]: ...
    def __getitem__(self, service: str, /) -> Sequence[Standing]: ...
    def releases(self, *, thorough: bool = ...) -> object: ...


class Sampleable(Startable, Protocol):
    """A replica in which a program can be kept running."""

    @property
    def service(self) -> str: ...


class Sampled(Protocol):
    """An environment that is up, as it is looked at every second."""

    @property
    def id(self) -> str: ...
    @property
    def stack(self) -> Stack: ...
    @property
    def replicas(self) -> Sequence[Sampleable]: ...


class Sampling(Protocol):
    """What is asked every second. Neither call may wait longer than it is told to."""

    name: str  # of the replica, for messages

    def begin(self, tick: int) -> None:
        """Send the question."""

    def finish(self, until: float) -> Event[ProbeReplica] | Event[ProbeServer] | Event[ProbeQueue]:
        """Take the answer, until a `time.monotonic()` at most, and record it."""

    def close(self) -> None:
        """End what was kept running."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A module of probes.

    Attributes:
        once: asks, and records the answers; called at the end of every phase that is held.
        every_second: what is asked every second while an environment is watched.
    """

    once: Callable[[Observed, History], object] | None
    every_second: Callable[[Sampled, History], Iterable[Sampling]] | None

    @classmethod
    def of(cls, module: ModuleType) -> Probe:
        """The functions of a module.

        Raises:
            ValueError: it has none of them.
        """
        found = cls(getattr(module, "once", None), getattr(module, "every_second", None))
        if not callable(found.once) and not callable(found.every_second):
            raise ValueError(  # noqa: TRY004
                f"{module.__name__} defines neither once(environment, history) nor every_second(...)"
            )
        return found


def first_of(environment: Sampled, service: str) -> Sampleable:
    """The first replica of a service, in which its server or queue is asked."""
    return next(replica for replica in environment.replicas if replica.service == service)
