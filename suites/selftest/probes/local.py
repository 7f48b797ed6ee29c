"""Programs on this machine in the place of programs in a replica: the same calls, no container."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable, Sequence

from harness.errors import HostError, ReplicaGone


class LocalProgram:
    """A program with pipes, read with a deadline."""

    def __init__(self, argv: Sequence[str]) -> None:
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def read(self, timeout: float) -> tuple[int, bytes] | None:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, timeout))
        if not ready:
            raise TimeoutError
        data = os.read(self.process.stdout.fileno(), 65536)
        return (1, data) if data else None

    def write(self, data: bytes, timeout: float = 30.0) -> None:  # noqa: ARG002
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except OSError as error:
            raise HostError("it has ended and takes no input", got=str(error)) from error

    def close(self) -> None:
        self.process.kill()
        self.process.wait(5)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class LocalStart:
    """A replica whose programs run here.

    Attributes:
        fails: how many of the next starts raise.
        before: runs before each start, e.g. to hold it up.
        instead: what is started in place of what was asked for.
        runs: how often it began to run.
    """

    def __init__(self, name: str = "backend-1", service: str = "backend", instead: Sequence[str] | None = None) -> None:
        self.name, self.service, self.instead = name, service, instead
        self.fails, self.runs = 0, 1
        self.before: Callable[[], object] = lambda: None
        self.started: list[LocalProgram] = []

    def start(self, argv: Sequence[str], *, user: str = "", stdin: bool = False) -> LocalProgram:  # noqa: ARG002
        self.before()
        if self.fails > 0:
            self.fails -= 1
            raise ReplicaGone(f"{self.name} is paused", where=self.name)
        self.started.append(LocalProgram(self.instead or argv))
        return self.started[-1]


def until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Wait for a condition; whether it came."""
    end = time.monotonic() + seconds
    while not (came := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return came
