"""A deployer's process on the machine that runs the harness, with the same methods as a process in a replica."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from harness.errors import DeployerError

_END = ("", "")


class LocalProcess:
    """A command in a process group of its own, read line by line.

    Args:
        argv: the command; its first word is looked up on PATH.
        environment: its whole environment.
        directory: where it runs.

    Raises:
        DeployerError: the command does not exist or may not be run.
    """

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], directory: Path) -> None:
        try:
            self._process = subprocess.Popen(
                list(argv),
                env=dict(environment),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise DeployerError(
                "The deployer cannot be started",
                where=f"{argv[0]} in {directory}",
                got=error.strerror or str(error),
                expected="a command on this machine",
                hint="check x-harness.deployer, or set its `in:` to the service that holds the command",
            ) from error
        self._lines: queue.Queue[tuple[str, str]] = queue.Queue()
        self._open = 2
        for stream, pipe in (("out", self._process.stdout), ("err", self._process.stderr)):
            threading.Thread(target=self._read, args=(stream, pipe), daemon=True).start()

    def _read(self, stream: str, pipe: IO[bytes]) -> None:
        with pipe:
            for raw in pipe:
                self._lines.put((stream, raw.decode("utf-8", "replace").rstrip("\r\n")))
        self._lines.put(_END)

    def line(self, timeout: float) -> tuple[str, str] | None:
        """The next (stream, text), or None when both streams have ended.

        Raises:
            TimeoutError: nothing came within `timeout` seconds.
        """
        while self._open:
            try:
                found = self._lines.get(timeout=max(timeout, 0.001))
            except queue.Empty:
                if self._process.poll() is None:
                    raise TimeoutError from None
                return None  # it has ended; a child that it left behind holds the streams open
            if found is not _END:
                return found
            self._open -= 1
        return None

    def exit_code(self) -> int:
        """Wait for the end, which `line` has announced, and give the exit code (128 + n for signal n)."""
        code = self._process.wait()
        return code if code >= 0 else 128 - code

    def kill(self) -> None:
        """End the command and everything that it started in its process group."""
        with contextlib.suppress(ProcessLookupError):  # ended by itself meanwhile
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End what is left of it: also what it started and left behind."""
        self.kill()
