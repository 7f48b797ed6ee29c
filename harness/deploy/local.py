"""A deployer's process on the machine that runs the harness, with the same methods as a process in a replica."""

from __future__ import annotations

import contextlib
import queue
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from harness.deploy import belongings
from harness.errors import DeployerError

MAX_LINE_BYTES = 65536  # bytes of a line; a longer one is told in pieces
WAITING = 1000  # lines that wait to be read; then the command waits
_END = ("", "")


class LocalProcess:
    """A command in a session of its own, read line by line.

    A guard of its own ends it, and all that it has started, when this process is killed.

    Args:
        argv: the command; its first word is looked up on PATH.
        environment: its whole environment.
        directory: where it runs.

    Raises:
        DeployerError: the command does not exist or may not be run.
    """

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], directory: Path) -> None:
        self._mark = secrets.token_hex(16)
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", belongings.__file__, self._mark],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
            start_new_session=True,
        )  # fmt: skip
        try:
            self._process = subprocess.Popen(
                list(argv),
                env={**environment, belongings.MARK: self._mark},
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            self._dismiss()
            raise DeployerError(
                "The deployer cannot be started",
                where=f"{argv[0]} in {directory}",
                got=getattr(error, "strerror", None) or str(error),
                expected="a command on this machine",
                hint="check x-harness.deployer, or set its `in:` to the service that holds the command",
            ) from error
        assert self._guard.stdin is not None
        with contextlib.suppress(OSError):
            self._guard.stdin.write(b"%d\n" % self._process.pid)
            self._guard.stdin.flush()
        self._lines: queue.Queue[tuple[str, str]] = queue.Queue(WAITING)
        self._open = 2
        self._closed = threading.Event()
        for stream, pipe in (("out", self._process.stdout), ("err", self._process.stderr)):
            threading.Thread(target=self._read, args=(stream, pipe), daemon=True).start()

    def _read(self, stream: str, pipe: IO[bytes]) -> None:
        with pipe:
            while raw := pipe.readline(MAX_LINE_BYTES):
                self._give((stream, raw.decode("utf-8", "replace").rstrip("\r\n")))
        self._give(_END)

    def _give(self, line: tuple[str, str]) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._lines.put(line, timeout=0.5)
                return

    def line(self, timeout: float) -> tuple[str, str] | None:
        """The next (stream, text), or None when it has ended.

        Raises:
            TimeoutError: nothing came within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while self._open:
            try:
                found = self._lines.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                if self._process.poll() is None:
                    raise TimeoutError from None
                return None  # it has ended; a child that it left behind holds the streams open
            if found is not _END:
                return found
            self._open -= 1
        try:
            self._process.wait(max(deadline - time.monotonic(), 0.001))
        except subprocess.TimeoutExpired:  # it has closed its streams, and runs on
            raise TimeoutError from None
        return None

    def exit_code(self) -> int:
        """The exit code, after the end, which `line` has announced (128 + n for signal n)."""
        code = self._process.wait()
        return code if code >= 0 else 128 - code

    def kill(self) -> None:
        """End the command and everything that it started."""
        belongings.end(self._mark, self._process.pid)
        self._process.wait()

    def close(self) -> None:
        """End what is left of it: also what it started and left behind."""
        self._closed.set()
        self.kill()
        self._dismiss()

    def _dismiss(self) -> None:
        """Let the guard go: it looks once more, finds nothing, and ends."""
        if self._guard.stdin is not None:
            with contextlib.suppress(OSError):
                self._guard.stdin.close()
        self._guard.wait()
