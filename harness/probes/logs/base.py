"""What every follower of a log is: one reader, however many look at it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from harness.clock import Clock
from harness.history import History
from harness.probes.logs.audience import Audience
from harness.probes.logs.directory import DirectoryState
from harness.probes.logs.file import FileState
from harness.probes.logs.parts import LogPart
from harness.probes.logs.records import compiled
from harness.probes.logs.spec import LogReplica, LogSpec
from harness.probes.logs.view import View


class Follower(ABC):
    """Follows one log of one replica, and reads it once, however many look at it: each through a `view` of its own.
    Safe to use from several threads.

    Args:
        replica, spec: which log.
        history: where views record what they report.
        clock: gives the times, in seconds.

    Attributes:
        lock: held while the log is read and views are told.
        around: what stands beside the log, as last seen; None where that cannot be seen, or nothing can be.
        gone: there was no file at the path at the last look.

    Raises:
        UsageError: a pattern of the spec is no regular expression.
    """

    def __init__(self, replica: LogReplica, spec: LogSpec, history: History, clock: Clock) -> None:
        compiled(spec, "errors"), compiled(spec, "heartbeat")
        self.replica, self.spec, self.history, self.clock = replica, spec, history, clock
        self.lock = threading.RLock()
        self.around: DirectoryState | None = None
        self.gone = False
        self._audience = Audience(clock)

    def view(self, seen: Callable[[str], None] | None = None) -> View:
        """One more who looks at the log, not marked yet.

        Args:
            seen: called with every record that is new to it, complete and without its newline.
        """
        with self.lock:
            made = View(self, seen)
            self._audience.views.append(made)
            return made

    def poll(self) -> None:
        """Look once, and tell every view what is new. Raises HostError, or NotMeasured where it cannot be read."""
        with self.lock:
            self._look_once()

    def _look_once(self) -> None:
        asked = self.clock.monotonic()
        try:
            self._follow()
        finally:
            self._audience.polled(asked)

    @abstractmethod
    def _follow(self) -> None:
        """Read what is new, up to the bounds of a poll."""

    @abstractmethod
    def look_after_rotated(self) -> None:
        """Look around, and read on in what is not at the path any more. Raises as `poll`."""

    @abstractmethod
    def read_to_end(self) -> None:
        """Read to the end, so that a view can place its mark there: what is read goes to the views that are marked.

        Raises:
            HostError, NotMeasured: it cannot be read now; then the follower stays where it is.
        """

    def close(self) -> None:  # noqa: B027 - who holds nothing between two looks has nothing to do
        """Let go of what is held between two looks."""

    # -- what views ask ----------------------------------------------------------------------------------------------

    @property
    def unread(self) -> str | None:
        """What the last look left to be read, in words."""
        return self._audience.unread

    @property
    def looked(self) -> float | None:
        """When the last look that read the log to its end was asked for, Unix time; None for never."""
        return self._audience.looked or None

    @property
    def skew(self) -> float:
        """Seconds by which the replica's clock is ahead."""
        return self._audience.skew

    @property
    @abstractmethod
    def file(self) -> FileState | None:
        """The file at the path; None where there is none."""

    @property
    @abstractmethod
    def rotated(self) -> list[LogPart]:
        """The parts that are not at the path any more, and still read."""

    @property
    @abstractmethod
    def parts(self) -> list[LogPart]:
        """All that are known."""
