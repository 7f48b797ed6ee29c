"""The witness of an environment: a small program in its door, which competes for the machine as the replicas do.

A heartbeat of the harness's own process does not tell enough: the kernel shares the processors between control groups
first, and containers may starve while a process outside of them hardly waits. What the witness reports goes into the
history (`witness`), where every check that judges by time finds it, and to `harness.stalls.MACHINE`, for time-outs.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from importlib.resources import files
from typing import Any

from harness.clock import Clock
from harness.engine import Container, Engine
from harness.engine.process import ExecProcess
from harness.errors import HarnessError
from harness.events import Note, WitnessReport
from harness.history import History
from harness.stalls import MACHINE, Heartbeat, Stalls

PROGRAM = "witness_program.py"
DISK = 0.05  # s that a write may take each second on a disk that is idle
NOBODY = "65534"
SILENT = 5.0  # s without a line that a read waits at once
COVERS_WITHIN = 2.0  # s that a report may take to come


class Witness:
    """Runs from `start` to `close`; neither waits for the container.

    Args:
        engine: where the container runs.
        container: of the environment, with Python in it: the door.
        history: where `witness` events go.
        environment: its name, for the events.
        stalls: told of every stall.
    """

    def __init__(
        self, engine: Engine, container: Container, history: History, environment: str, stalls: Stalls | None = None
    ) -> None:
        self._engine, self._container, self._history = engine, container, history
        self._environment, self._stalls = environment, stalls or MACHINE
        self._beat = Heartbeat(self._stalls, lambda begin, end, stood: self._record("harness", begin, end, stood))
        self._process: ExecProcess | None = None
        self._thread: threading.Thread | None = None
        self._closing = False
        self._news = threading.Condition()
        self._until: float | None = None  # the moment up to which it has reported
        self._offset: float | None = None  # of its clock, where it runs on another machine

    def start(self) -> None:
        """Begin."""
        self._beat.start()
        self._thread = threading.Thread(target=self._run, name=f"witness-{self._environment}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End. May be called twice."""
        self._closing = True
        self._beat.stop()
        if self._process is not None:
            self._process.abandon()  # it ends with its input
        with self._news:
            self._news.notify_all()

    def cover(self, clock: Clock) -> None:
        """Wait until it has reported on everything up to now, for 2 s at most: what it has not reported on counts as a
        stall. Returns at once when it never began, or is gone.
        """
        if (process := self._process) is None:
            return
        with suppress(HarnessError):
            process.write(b"?")  # it reports at once; where it cannot be asked, it reports in a second at the latest
        now = time.monotonic()
        deadline = clock.monotonic() + COVERS_WITHIN
        with self._news:
            while not self._closing and (self._until is None or self._until < now):
                left = deadline - clock.monotonic()
                if left <= 0.0 or (self._thread is not None and not self._thread.is_alive()):
                    return
                self._news.wait(left)

    def _run(self) -> None:
        try:
            program = files("harness.environment").joinpath(PROGRAM).read_text(encoding="utf-8")
            self._process = ExecProcess.start(
                self._engine.api, self._container.id, ["python3", "-c", program], user=NOBODY, stdin=True,
                name=self._container.name,
            )  # fmt: skip
            self._read(self._process)
        except (HarnessError, OSError, ValueError) as error:
            if not self._closing:
                said = error.what if isinstance(error, HarnessError) else str(error)
                self._history.record(Note(f"the witness of {self._environment} ended: {said}"))

    def _read(self, process: ExecProcess) -> None:
        rest = b""
        while not self._closing:
            with suppress(TimeoutError):
                frame = process.read(SILENT)
                if frame is None:
                    raise ValueError(rest.decode("utf-8", "replace").strip()[-200:] or "its program ended")
                *lines, rest = (rest + frame[1]).split(b"\n")
                for line in lines:
                    self._take(line)

    def _take(self, line: bytes) -> None:
        """One report. A line that cannot be read is left out, and its time counts as a stall."""
        try:
            said: dict[str, Any] = json.loads(line)
            if "boot" in said:
                self._offset = 0.0 if said["boot"] and said["boot"] == _boot() else None
                return
            end, seconds = float(said["at"]), float(said["seconds"])
            stood = min(seconds, max(float(said["late"]), _number(said["waited"]), _io(said), _steal(said)))
        except (ValueError, KeyError, TypeError):
            return
        arrived = time.monotonic()
        if self._offset != 0.0:  # another machine's clock: no report arrives before it was made
            self._offset = min(arrived - end, self._offset if self._offset is not None else arrived - end)
        end += self._offset or 0.0
        self._stalls.add(end - seconds, end, stood)
        self._record("door", end - seconds, end, stood, said)
        with self._news:
            self._until = end
            self._news.notify_all()

    def _record(self, place: str, begin: float, end: float, stood: float, said: dict[str, Any] | None = None) -> None:
        said = said or {}
        measured = {key: said.get(key) for key in WitnessReport.__struct_fields__[4:]}
        self._history.record(
            WitnessReport(place, self._history.at(begin), self._history.at(end), round(stood, 4), **measured),
            environment=self._environment,
        )


def _boot() -> str:
    with suppress(OSError), open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123
        return file.read().strip()
    return ""


def _number(value: Any) -> float:
    return float(value) if value is not None else 0.0


def _io(said: dict[str, Any]) -> float:
    """Seconds that a write waited for the disk, beyond what an idle one takes."""
    return max(0.0, _number(said.get("synced")) - DISK)


def _steal(said: dict[str, Any]) -> float:
    """Seconds that the hypervisor took away from each processor."""
    return _number(said.get("steal")) / max(1, int(said.get("processors") or 1))
