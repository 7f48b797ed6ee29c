"""What the follower of a log needs to be told, and whom it asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from harness.probes.replica import TIMEOUT, Replica


class RawAnswer(Protocol):
    """What a command left, as bytes."""

    @property
    def exit_code(self) -> int: ...

    @property
    def stdout(self) -> bytes: ...

    @property
    def stderr(self) -> bytes: ...


class LogReplica(Replica, Protocol):
    """A replica that also answers in bytes."""

    def ask(self, command: str | Sequence[str], timeout: float = TIMEOUT) -> RawAnswer:
        """Run a command, as `run`. Raises HostError."""


class OutputSource(Protocol):
    """What one container writes to one of its streams; see `harness/engine/output.py`."""

    @property
    def stamp(self) -> bytes: ...

    @property
    def ended(self) -> bool: ...

    def take(self) -> bytes: ...

    def caught_up(self, within: float) -> bool: ...

    def close(self) -> None: ...


class Running(Protocol):
    """The engine's word on a container."""

    @property
    def running(self) -> bool: ...


class OutputReplica(LogReplica, Protocol):
    """A replica whose output the engine passes on."""

    @property
    def container_id(self) -> str:
        """Of its container; another one after it was replaced."""

    def state(self) -> Running: ...

    def output(self, stream: str, after: bytes | None = None) -> OutputSource:
        """Follow a stream: behind a stamp, from the container's beginning (no stamp), from now on (None)."""


class LogSpec(Protocol):
    """A log that a service writes, as declared in `x-harness: logs`. Fields are those of a JSON record."""

    @property
    def path(self) -> str: ...

    @property
    def format(self) -> str:
        """`json` or `text`."""

    @property
    def release(self) -> str | None:
        """The field that holds the release."""

    @property
    def time(self) -> str | None:
        """The field that holds the time."""

    @property
    def sequence(self) -> str | None:
        """The field that holds a number which counts the records."""

    @property
    def canary(self) -> str | None:
        """The field that holds the key of the request."""

    @property
    def errors(self) -> str | None:
        """A regular expression: lines that match it tell an error. None: those whose level says so."""

    @property
    def heartbeat(self) -> str | None:
        """A regular expression: records that match it are no proof of work."""

    @property
    def tolerance(self) -> float:
        """Seconds that a record's time may differ from the moment it appears, and go back behind the one before."""
