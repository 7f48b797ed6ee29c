"""One gate, in a process of its own that ends with this one, however this one ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import harness
from harness.selftest.table import Case
from harness.selftest.working import WorkStopped

MARK = "HARNESS_SELFTEST_GATE"  # a variable by which every process that a gate starts can be found
LIMIT = 600.0  # s after which a gate hangs; each question that is never answered takes its time-out
ENDS_WITHIN = 90.0  # s that it may take to clean up, once it is told to
POLL_EVERY = 0.1  # s
MAX_OUTPUT = 2_000_000  # bytes of its output that are read


@dataclass(frozen=True, slots=True)
class Going:
    """A gate under way.

    Attributes:
        process: it. directory: of what it writes. runs: in which its run's directory comes to be. mark: see `MARK`.
    """

    process: subprocess.Popen[bytes]
    directory: Path
    mark: str

    @property
    def runs(self) -> Path:
        """In which its run gets its directory."""
        return self.directory / "runs"

    @property
    def run(self) -> Path | None:
        """The run's directory; None before it is there."""
        made = (
            [path for path in self.runs.iterdir() if path.is_dir() and not path.is_symlink()]
            if self.runs.is_dir()
            else []
        )
        return made[0] if made else None


@dataclass(frozen=True, slots=True)
class GateResult:
    """A gate that has ended.

    Attributes:
        going: what it was.
        exit_code: negative for a signal.
        hung: it did not end within its limit, and was ended.
        seconds: that it took.
        out, err: what it wrote.
        touches: what was done to it, as often as it took effect.
    """

    going: Going
    exit_code: int
    hung: bool
    seconds: float
    out: str
    err: str
    touches: tuple[Mapping[str, Any], ...] = field(default=())


class GateRunner:
    """Runs the gate of a case.

    Args:
        case: what is gated.
        stack: the Compose file.
        directory: an empty one, for all that it writes.
        spoilt: what `harness.selftest.sabotage` does in its process; None for nothing.
        limit: seconds after which it hangs.
    """

    def __init__(
        self, case: Case, stack: Path, directory: Path, spoilt: Mapping[str, Any] | None = None, limit: float = LIMIT
    ) -> None:
        self._limit, self._touches = limit, directory / "touches.jsonl"
        told = {"touches": str(self._touches), **(spoilt or {})}
        overrides = [word for path in (*case.variant.overrides, *case.overrides) for word in ("-f", str(path))]
        command = [
            sys.executable, "-m", "harness.selftest.sabotage", json.dumps(told), "gate", str(stack), *overrides,
            "--out", "runs", *case.variant.arguments, *case.arguments,
        ]  # fmt: skip
        mark = uuid.uuid4().hex
        with (directory / "out").open("wb") as out, (directory / "err").open("wb") as err:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=out, stderr=err, cwd=directory,
                env=variables(case.variant.environment, mark), start_new_session=True,
            )  # fmt: skip
        self._began = time.monotonic()
        self.going = Going(process, directory, mark)

    def wait(self, stop: threading.Event) -> GateResult:
        """Wait for its end.

        Raises:
            Stopped: the event was set; it has been told to end, and has.
        """
        process, hung = self.going.process, False
        while process.poll() is None:
            if stop.wait(POLL_EVERY):
                self._end()
                raise WorkStopped
            if time.monotonic() - self._began > self._limit:
                hung = True
                self._end()
        assert process.stdin is not None
        process.stdin.close()
        return GateResult(
            going=self.going,
            exit_code=process.returncode,
            hung=hung,
            seconds=round(time.monotonic() - self._began, 1),
            out=_text(self.going.directory / "out"),
            err=_text(self.going.directory / "err"),
            touches=tuple(_touches(self._touches)),
        )

    def _end(self) -> None:
        # Not SIGINT: a background job of a shell ignores it, and what it starts does too.
        process = self.going.process
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def variables(extra: Mapping[str, str], mark: str) -> dict[str, str]:
    """The environment of a command of ours: this one, without what would change what it says."""
    plain = {key: value for key, value in os.environ.items() if key not in ("HARNESS_VERBOSE", "FORCE_COLOR")}
    path = os.pathsep.join(filter(None, [str(Path(harness.__file__).parent.parent), os.environ.get("PYTHONPATH")]))
    return {**plain, "PYTHONPATH": path, "COLUMNS": "100", "NO_COLOR": "1", MARK: mark, **extra}


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(MAX_OUTPUT).decode(errors="replace")


def _touches(path: Path) -> list[Mapping[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        with suppress(ValueError):  # the last one, of a process that was killed
            found.append(json.loads(line))
    return found
