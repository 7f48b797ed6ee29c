"""Follows a log that is no file: what the containers of a replica write to stdout or stderr, through the engine.

A container that is restarted goes on where it was; one that takes the place of another is read from its beginning,
behind the rest of the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from harness.clock import Clock
from harness.errors import EngineError, EngineGone, NotMeasured
from harness.history import History
from harness.printable import shortened
from harness.probes.logs.base import Follower
from harness.probes.logs.file import Cursor, FileState
from harness.probes.logs.parts import LogPart
from harness.probes.logs.spec import LogSpec, OutputReplica, OutputSource

STREAMS = ("stdout", "stderr")  # the paths of logs that are no files
PATIENCE = 5.0  # s that the engine may take to pass on what it has
_NO_FILE = FileState("", 0, 0, "", "")


class OutputFollower(Follower):
    """Follows one stream of one replica; the path of its spec is `stdout` or `stderr`. Nothing stands beside a stream,
    and it is never missing. See `Follower`.
    """

    file: FileState | None = None

    def __init__(self, replica: OutputReplica, spec: LogSpec, history: History, clock: Clock) -> None:
        super().__init__(replica, spec, history, clock)
        self._asked = replica
        self._part = LogPart(Cursor(_NO_FILE))
        self._output: OutputSource | None = None
        self._container = ""
        self._stamp = b""  # of the last piece before the connection was closed

    def look_after_rotated(self) -> None:
        """Read all that the engine has by now. Raises as `poll`."""
        with self.lock:
            self._follow(all_of_it=True)

    def read_to_end(self) -> None:
        """Read all that was written until now, for those who are marked. Raises as `poll`."""
        self.look_after_rotated()
        if self.unread is not None:
            self._audience.passed_over(f"what was written before a mark was passed over: {self.unread}")

    def close(self) -> None:
        """Let go of the connection; the next look goes on behind what came over it."""
        with self.lock:
            output, self._output = self._output, None
            if output is not None:
                output.close()
                self._take(output)
                self._stamp = output.stamp

    @property
    def rotated(self) -> list[LogPart]:
        """There are none."""
        return []

    @property
    def parts(self) -> list[LogPart]:
        """What the present container writes."""
        return [self._part]

    def _follow(self, *, all_of_it: bool = False) -> None:
        self._audience.unread = None
        with _readable(f"{self.replica.name}:{self.spec.path}"):
            asked, container = self.clock.now(), self._asked.container_id
            if self._output is not None and container != self._container:
                self._replaced(self._output)
            if self._output is None:
                after = (self._stamp if container == self._container else b"") if self._container else None
                self._output = self._asked.output(self.spec.path, after)
                self._container = container
            elif self._output.ended and self._asked.state().running:
                self._again(self._output)
            complete = self._output.caught_up(PATIENCE) if all_of_it else True
        self._take(self._output)
        if not complete:
            self._audience.unread = f"the engine did not pass on within {PATIENCE:g} s what it had"
        self._audience.looked = asked
        self._audience.half_line(self._part.lines)

    def _replaced(self, old: OutputSource) -> None:
        """The replica has another container: what the one before wrote comes first, and that one has ended."""
        with suppress(EngineError):
            if not old.caught_up(PATIENCE):
                self._unread("the output of the container before was not passed on to its end")
        self._take(old)
        old.close()
        self._output = None
        self._audience.ended(self._part.lines, torn=self._part.lines.end() > 0)
        self._part = LogPart(Cursor(_NO_FILE))
        self._audience.turn()
        self._audience.changed("new container", None, None)

    def _again(self, old: OutputSource) -> None:
        """The container ended and runs again, or the connection to the engine broke: go on behind what came last."""
        self._take(old)
        old.close()
        for window in self._audience.windows:
            window.change("restarted", self.clock.now())
        self._output = self._asked.output(self.spec.path, old.stamp)

    def _take(self, output: OutputSource) -> None:
        lines = self._part.lines.feed(output.take())
        self._audience.count(lines, self._part, elsewhere=False)

    def _unread(self, why: str) -> None:
        for window in self._audience.windows:
            window.unread_parts.append(why)


@contextmanager
def _readable(where: str) -> Iterator[None]:
    """What the engine refuses is something that could not be measured."""
    try:
        yield
    except EngineGone:
        raise
    except EngineError as error:
        raise NotMeasured(
            "The output of the container cannot be read", where=where, got=shortened(str(error))
        ) from error
