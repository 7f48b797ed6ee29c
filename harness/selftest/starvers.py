"""What takes the machine from those who need it: `python -m harness.selftest.starvers KIND SECONDS`.

    processes   creates processes, one after the other, as a shell loop that starts /bin/true does
    cpu         computes
    disk        writes a file of bounded size again and again, each piece of it to the disk

Each is one process. It ends after so many seconds, or when its stdin does, which is the end of whoever started it,
however that ends; then it prints how often it did what it does. Its file has no name, so that nothing is left of it.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import harness

PIECE, LARGEST = 1 << 20, 64 << 20  # bytes of a piece, and of the file
BURST = 20_000  # steps of computing between two looks at whether it is wanted
TRUE = "/bin/true"
ENDS_WITHIN = 10.0  # s


class Starvers:
    """So many of each kind, while the block runs.

    Args:
        counts: kind to how many.
        seconds: that they run at most, whatever happens to this process.
        directory: on the disk that is written to.

    Attributes:
        done: what they did, by kind, once the block is over.
    """

    def __init__(self, counts: Mapping[str, int], seconds: float, directory: Path) -> None:
        self._counts, self._seconds, self._directory = counts, seconds, directory
        self._started: list[tuple[str, subprocess.Popen[bytes]]] = []
        self.done: dict[str, int] = {}

    def __enter__(self) -> Self:
        path = os.pathsep.join(filter(None, [str(Path(harness.__file__).parent.parent), os.environ.get("PYTHONPATH")]))
        try:
            for kind, count in self._counts.items():
                for _ in range(count):
                    command = [sys.executable, "-m", "harness.selftest.starvers", kind, str(self._seconds)]
                    process = subprocess.Popen(
                        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self._directory,
                        env={**os.environ, "PYTHONPATH": path}, start_new_session=True,
                    )  # fmt: skip
                    self._started.append((kind, process))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, process in self._started:
            if process.stdin is not None:
                with suppress(OSError):
                    process.stdin.close()
        for what, process in self._started:
            process.stdin = None
            try:
                said, _ = process.communicate(timeout=ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                said, _ = process.communicate()
            self.done[what] = self.done.get(what, 0) + int(said or 0)


def starve(kind: str, seconds: float) -> int:
    """Do it until it is not wanted any more; returns how often it was done."""
    deadline, count = time.monotonic() + seconds, 0
    with tempfile.TemporaryFile(dir=Path.cwd()) as file:
        step = {"processes": _process, "cpu": _compute, "disk": _writer(file.fileno())}[kind]
        while time.monotonic() < deadline and not select.select([0], [], [], 0)[0]:
            step()
            count += 1
    return count


def _process() -> None:
    os.waitpid(os.posix_spawn(TRUE, [TRUE], {}), 0)


def _compute() -> None:
    value = 1
    for _ in range(BURST):
        value = value * 1103515245 % 4294967291


def _writer(file: int) -> Callable[[], None]:
    at, piece = 0, os.urandom(PIECE)

    def write() -> None:
        nonlocal at
        os.pwrite(file, piece, at)
        os.fsync(file)
        at = (at + PIECE) % LARGEST

    return write


if __name__ == "__main__":
    print(starve(sys.argv[1], float(sys.argv[2])))
