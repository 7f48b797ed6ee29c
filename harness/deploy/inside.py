"""A deployer's process in a replica, with the same methods as one on the machine that runs the harness."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.errors import DeployerError, EngineGone, ReplicaGone
from harness.waiting import pause

if TYPE_CHECKING:
    from harness.environment import Replica

MAX_LINE_BYTES = 65536  # bytes of a line; a longer one is told in pieces
OUT = 1  # the number of stdout in the engine's frames


class ReplicaProcess:
    """A command in a replica, read line by line.

    Raises:
        DeployerError: the replica has no such command.
        ReplicaGone: the replica is gone.
    """

    def __init__(self, replica: Replica, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        found = replica.run(["sh", "-c", 'command -v -- "$1"', "sh", argv[0]])
        if found.exit_code != 0:
            raise DeployerError(
                "The deployer's command does not exist where it should run",
                where=f"x-harness.deployer, in {replica.name}",
                got=argv[0],
                expected=f"a command on the PATH of {replica.name}, or an absolute path",
                hint="check x-harness.deployer.in, or build the command into that image",
            )
        self._process = replica.start(argv, environment)
        self._ready: deque[tuple[str, str]] = deque()
        self._parts = {"out": b"", "err": b""}
        self._over = False

    def line(self, timeout: float) -> tuple[str, str] | None:
        """The next (stream, text), or None at the end.

        Raises:
            TimeoutError: no whole line came within `timeout` seconds.
        """
        while not self._ready and not self._over:
            try:
                frame = self._process.read(timeout)
            except TimeoutError:
                if self._process.running():
                    raise
                frame = None  # it has ended; a child that it left behind holds the streams open
            if frame is None and self._process.running():  # it has closed its streams, and runs on
                pause(timeout)
                raise TimeoutError
            if frame is None:
                self._over = True
                self._ready.extend((stream, _text(rest)) for stream, rest in self._parts.items() if rest)
                break
            stream = "out" if frame[0] == OUT else "err"
            *whole, rest = (self._parts[stream] + frame[1]).split(b"\n")
            if len(rest) > MAX_LINE_BYTES:
                whole, rest = [*whole, rest], b""
            self._parts[stream] = rest
            self._ready.extend((stream, _text(line)) for line in whole)
        return self._ready.popleft() if self._ready else None

    def exit_code(self) -> int:
        """The exit code, after the end (128 + n after signal n)."""
        return self._process.exit_code()

    def kill(self) -> None:
        """End the command and its children in the replica."""
        with contextlib.suppress(ReplicaGone, EngineGone):  # nothing of it can be left there
            self._process.kill()

    def close(self) -> None:
        """End what is left of it and give back the connection."""
        self.kill()
        self._process.close()


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "replace")
