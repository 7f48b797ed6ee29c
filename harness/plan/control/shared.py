"""The control as those see it who compare with it."""

from __future__ import annotations

import fcntl
import math
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import numpy as np

import harness
from harness import files, proc
from harness.clock import Clock, SystemClock
from harness.engine import Engine
from harness.engine.sweep import sweep
from harness.errors import HarnessError, NotMeasured
from harness.events import WorkloadName, WorkloadSaved
from harness.files import Kept, unused
from harness.history import EVENTS, History, of, read
from harness.plan.control.order import FAILED, HOLDER, LOCK, READY, ControlSpec, ControlStatus
from harness.plan.judging import CONTROL
from harness.samples.records import MAGIC, SAMPLE, append, counted
from harness.signals import hurried
from harness.waiting import poll

UP_WITHIN = 900.0  # s; images may have to be built
ENDS_WITHIN = 60.0  # s
BRINGS_WITHIN = 10.0  # s; a request may take its timeout
POLL_EVERY = 0.1  # s between two looks at a control that is coming or going
OUTPUT = "process.log"


class SharedControl:
    """A control under load, whose samples are brought into another history.

    Attributes:
        environment: its id.

    Args:
        directory: the control's own.
        ready: what it said when it was under load.
    """

    def __init__(self, directory: Path, ready: ControlStatus) -> None:
        self.environment = ready.environment
        self._directory, self._ready = directory, ready
        self._from = self._file(directory / str(ready.body.file))
        self._to: Kept | None = None
        self._history: History | None = None
        self._start = 0
        self._named: set[int] = set()
        self._newest = -math.inf  # second of the history at which the newest request that is copied was due

    @staticmethod
    def _file(path: Path) -> tuple[Path, int]:
        """Its samples, and where the next whole record begins."""
        size = path.stat().st_size if path.exists() else 0
        return path, len(MAGIC) + max(0, size - len(MAGIC)) // SAMPLE.itemsize * SAMPLE.itemsize

    def follow(self, history: History) -> None:
        """From here on, what it measures belongs to this history as well: `bring` copies it there. A history without a
        file gets none.
        """
        if history.path is None or self._history is not None:
            return
        self._history = history
        self._to = Kept(unused(history.path.with_name(f"samples-{self.environment}.bin")), new=True)
        history.keep(self._to)
        # It has promises as well, which are not brought: whether the control keeps them is not judged.
        at = history.at(self._ready.monotonic)
        here = msgspec.structs.replace(self._ready.body, file=self._to.path.name, promises=None, arm=CONTROL, at=at)
        self._start = history.record(here, environment=self.environment).id

    def bring(self, until: float | None = None) -> None:
        """Copy what is new.

        Args:
            until: a second of the history; waits for a request that was due then, so that all before it are there.

        Raises:
            NotMeasured: the control is no more.
        """
        if self._history is None or self._to is None:
            return
        history, to = self._history, self._to

        def copy() -> bool:
            self._copy(history, to)
            _check(self._directory, self._ready)
            return until is None or self._newest >= until

        poll(copy, within=BRINGS_WITHIN, every=POLL_EVERY, clock=history.clock)

    def _copy(self, history: History, to: Kept) -> None:
        self._names(history)
        path, offset = self._from
        with path.open("rb") as source:
            if (held := os.fstat(source.fileno()).st_size) < offset > len(MAGIC):
                raise NotMeasured("The control's samples were cut off", where=str(path), got=f"{held} bytes")
            source.seek(offset)
            data = source.read()
        records = np.frombuffer(data, SAMPLE, len(data) // SAMPLE.itemsize)
        if not len(records):
            return
        append(to, records)
        self._from = path, offset + records.nbytes
        self._newest = max(self._newest, history.at(self._ready.monotonic) + float(records["intended"].max()))
        saved = WorkloadSaved(self._start, False, counted(to, None), None)
        history.record(saved, arm=CONTROL, environment=self.environment)

    def _names(self, history: History) -> None:
        """Who answered: the names that the samples refer to."""
        for event in of(read(self._directory / EVENTS), WorkloadName):
            number = event.body.number
            if event.body.start == self._ready.start and number is not None and number not in self._named:
                self._named.add(number)
                name = msgspec.structs.replace(event.body, start=self._start)
                history.record(name, arm=CONTROL, environment=self.environment)


def join(order: ControlSpec, run: Path, clock: Clock | None = None) -> SharedControl:
    """The control of a run; started where none runs yet. Returns when it is under load.

    Args:
        order: what it is to be.
        run: the run's directory.

    Raises:
        NotMeasured: it could not be brought up, or broke.
    """
    directory, clock = order.directory(run), clock or SystemClock()
    files.directory(directory)
    with _locked(directory):
        started = None
        if not (directory / READY).exists() and not (directory / FAILED).exists():
            started = _start(order, directory)
        ready = _wait(directory, started, clock)
    _check(directory, ready)
    return SharedControl(directory, ready)


def end_all(run: Path, clock: Clock | None = None) -> None:
    """End every control of a run, also one that is still coming up; wait until each has taken its environment down.
    What one that was killed left on the engine is removed here.
    """
    holders = [path.read_text(encoding="utf-8") for path in run.glob(f"control-*/{HOLDER}")]
    for holder in holders:
        if proc.is_alive(holder):
            with suppress(ProcessLookupError):
                os.kill(int(holder.split("/")[-2]), signal.SIGTERM)
    poll(
        lambda: any(proc.is_alive(holder) for holder in holders),
        lambda alive: not alive or hurried(),
        within=ENDS_WITHIN,
        every=POLL_EVERY,
        clock=clock or SystemClock(),
    )
    if holders and not hurried():
        with suppress(HarnessError), Engine.connect() as engine:  # without the engine, the next run's sweep does it
            sweep(engine, run=run.name)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """One at a time, also among processes. The lock of one that is killed is gone with it."""
    with files.opened(directory / LOCK, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start(order: ControlSpec, directory: Path) -> subprocess.Popen[bytes]:
    root = str(Path(harness.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    with files.opened(directory / OUTPUT, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "harness.plan.control.process", str(directory)],
            stdin=subprocess.PIPE, stdout=output, stderr=output, env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for its owner, which then ends it in good order
        )  # fmt: skip
    files.write(directory / HOLDER, proc.identity(process.pid))
    with suppress(BrokenPipeError):  # it is dead already: whoever waits for it learns that
        if process.stdin is not None:
            process.stdin.write(pickle.dumps(order))
            process.stdin.close()
    return process


def _wait(directory: Path, started: subprocess.Popen[bytes] | None, clock: Clock) -> ControlStatus:
    def broken() -> bool:
        return (directory / FAILED).exists() or (started is not None and started.poll() is not None)

    ready, _ = poll(
        lambda: (ControlStatus.load(directory), broken()), any, within=UP_WITHIN, every=POLL_EVERY, clock=clock
    )
    if ready is None:
        raise _no_more(directory, "The control did not come up")
    return ready


def _check(directory: Path, ready: ControlStatus) -> None:
    if (directory / FAILED).exists() or proc.is_alive(ready.holder) is False:
        raise _no_more(directory, "The control has ended")


def _no_more(directory: Path, what: str) -> NotMeasured:
    said = ""
    for name in (FAILED, OUTPUT):
        with suppress(OSError):
            said = said or (directory / name).read_text(encoding="utf-8", errors="replace").strip()[-2000:]
    got = said.splitlines()[0] if said else "it ended without any output"
    return NotMeasured(what, where=str(directory), got=got, detail=said, hint="without it, recovery is judged unpaired")
