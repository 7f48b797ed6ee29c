"""What a gate left: its history, another judgement of it, objects on the engine, and processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.engine import Engine
from harness.engine.labels import RUN
from harness.engine.sweep import sweep
from harness.errors import HistoryError
from harness.events import RunEnd
from harness.history import EVENTS, Event, of, read
from harness.selftest.gating import MARK, Going, variables
from harness.waiting import poll

JUDGES_WITHIN = 120.0  # s
GOES_WITHIN = 60.0  # s in which what a killed gate started has to notice
POLL_EVERY = 0.2  # s


@dataclass(frozen=True, slots=True)
class JudgeResult:
    """What `harness judge` says of a saved run: its exit code, and its output."""

    exit_code: int
    text: str


@dataclass(frozen=True, slots=True)
class Left:
    """What a gate left.

    Attributes:
        events: of its history; empty where it cannot be read.
        unreadable: why not; empty where it can.
        judged: its history by today's checks; None where there is no run.
        objects: on the engine, in words.
        processes: on this machine: their command lines.
    """

    events: tuple[Event, ...]
    unreadable: str
    judged: JudgeResult | None
    objects: tuple[str, ...]
    processes: tuple[str, ...]

    @property
    def end(self) -> RunEnd | None:
        """The `run.end` of the history; None where it has none."""
        return next((event.body for event in reversed(of(self.events, RunEnd))), None)


def examine(engine: Engine, going: Going, killed: bool) -> Left:
    """Look at what is left of a gate that has ended, and remove it.

    Args:
        killed: it could not clean up itself: what it started may take its time, and the sweep removes the rest.
    """
    run = going.run
    processes = _processes(going.mark, GOES_WITHIN if killed else 5.0)
    objects = _objects(engine, run.name, swept=killed) if run is not None else ()
    events, unreadable = _history(run) if run is not None else ((), "there is no run")
    judged = judge(going, run) if run is not None else None
    return Left(events, unreadable, judged, objects, processes)


def judge(going: Going, run: Path) -> JudgeResult:
    """Judge the saved run by the command."""
    command = [sys.executable, "-m", "harness", "judge", str(run), "--out", str(going.directory / "judged")]
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=going.directory,
            env=variables({}, going.mark), timeout=JUDGES_WITHIN, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        return JudgeResult(-signal.SIGKILL, (late.stdout or b"").decode(errors="replace"))
    return JudgeResult(ended.returncode, ended.stdout.decode(errors="replace"))


def _history(run: Path) -> tuple[tuple[Event, ...], str]:
    try:
        return read(run / EVENTS), ""
    except HistoryError as error:
        return (), error.what


def _objects(engine: Engine, run: str, *, swept: bool) -> tuple[str, ...]:
    if swept:  # as the next run would
        sweep(engine, run=run)
    label = [f"{RUN}={run}"]
    found = [
        *(f"container {one.name}" for one in engine.containers.list(label)),
        *(f"network {name}" for name in engine.networks.list(label)),
        *(f"volume {name}" for name in engine.volumes.list(label)),
    ]
    held = sweep(engine, run=run, everything=True, kept=True).held if found else ()
    return tuple(one for one in found if one.removeprefix("network ") not in held)  # those are the engine's mistake


def _processes(mark: str, within: float) -> tuple[str, ...]:
    """Those that carry the mark and do not end in time; they are ended then."""
    found = poll(lambda: marked(mark), lambda found: not found, within=within, every=POLL_EVERY)
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return tuple(found.values())


def marked(mark: str) -> dict[int, str]:
    """The processes that carry a mark: number to command line."""
    wanted, found = f"{MARK}={mark}".encode(), dict[int, str]()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            if wanted not in (entry / "environ").read_bytes().split(b"\0"):
                continue
            if (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[0] not in "ZX":
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return found
