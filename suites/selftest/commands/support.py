"""The real command, in a process of its own, on a variant of the tiny stack; and what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fixtures import tiny
from harness.engine import Container, Engine
from harness.engine.labels import RUN
from harness.errors import EngineError
from harness.history import Event, read
from harness.plan.gate import Gate, Settings
from harness.stack import load
from suites.leftovers import networks_left
from suites.selftest.commands.inside import called
from suites.selftest.there_and_back import there_and_back

ROOT = Path(__file__).parents[3]
MARK = "HARNESS_SELFTEST_MARK"
QUICK = ("--baseline", "1", "--hold", "1")
SHORT = Settings(baseline=1.0, hold=1.0)  # the same
ROUND_TRIP = ("--scenario", "round-trip")
Edit = Callable[[dict[str, Any]], object]


@dataclass
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str
    seconds: float = 0.0

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass
class World:
    """A directory for the runs, and a mark by which every process that a command starts can be found."""

    directory: Path
    environ: dict[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def runs(self) -> Path:
        return self.directory / "runs"

    def variables(self, extra: Mapping[str, str]) -> dict[str, str]:
        plain = {key: value for key, value in os.environ.items() if key not in ("HARNESS_VERBOSE", "FORCE_COLOR")}
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        ours = {"PYTHONPATH": path, "COLUMNS": "80", "HARNESS_PULL": "never", MARK: self.mark}
        return {**plain, **ours, **self.environ, **extra}

    def harness(self, *words: str | Path, timeout: float = 120.0, **extra: str) -> Ended:
        """Run a command to its end."""
        return self.start(*words, **extra).end(timeout)

    def inside(self, *words: str | Path, **extra: str) -> Ended:
        """Run a command to its end in this process: for one that starts nothing, and that no signal has to end."""
        return Ended(*called(words, self.directory, self.variables(extra)))

    def start(self, *words: str | Path, **extra: str) -> Going:
        """Start a command."""
        out, err = (self.directory / f"{uuid.uuid4().hex[:8]}.{stream}" for stream in ("out", "err"))
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "harness", *map(str, words)],
                stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=self.variables(extra),
                cwd=self.directory, start_new_session=True,
            )  # fmt: skip
        self.started.append(process)
        return Going(self, process, out, err, time.monotonic())

    def close(self) -> None:
        """End what a failed test left going."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()

    def gate(self, stack: Path, *words: str, **extra: str) -> Going:
        """Start a short gate."""
        return self.start("gate", stack, "--out", self.runs, *QUICK, *words, **extra)

    def there_and_back(self, stack: Path, **extra: str) -> Going:
        """Start the gate's round trip, as far as its first rollback is judged."""
        plan = self.directory / "there-and-back.yaml"
        plan.write_text(there_and_back(Gate(load(tiny.STACK, environ={}), "1.0.0", "1.1.0", SHORT)).to_yaml())
        return self.start("plan", "run", plan, stack, "--out", self.runs, **extra)

    def processes(self) -> list[str]:
        """The command lines of everything that carries the mark."""
        wanted, found = f"{MARK}={self.mark}".encode(), []
        for entry in Path("/proc").iterdir():
            try:
                ours = entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0")
                if ours and (entry / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found

    def directories(self) -> list[Path]:
        return sorted(p for p in self.runs.iterdir() if p.is_dir() and not p.is_symlink()) if self.runs.is_dir() else []

    def histories(self) -> list[tuple[Event, ...]]:
        """What each run has recorded so far. A run has its directory a moment before its history."""
        return [read(path) for run in self.directories() if (path := run / "events.jsonl").exists()]

    def events(self) -> tuple[Event, ...]:
        """The history of the only run."""
        (run,) = self.directories()
        return read(run / "events.jsonl")


@dataclass
class Going:
    """A command under way."""

    world: World
    process: subprocess.Popen[bytes]
    out: Path
    err: Path
    began: float

    def until(self, kind: str, **data: Any) -> None:
        """Wait for an event of its run."""
        self.wait_for(lambda: self._find(kind, data), f"{kind} {data}")

    def _find(self, kind: str, data: dict[str, Any]) -> Event | None:
        for events in self.world.histories():
            for event in events:
                if event.kind == kind and all(event.data.get(key) == value for key, value in data.items()):
                    return event
        return None

    def wait_for(self, condition: Callable[[], Any], what: str, timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert self.process.poll() is None, f"it ended before {what}:\n{self.err.read_text()}{self.out.read_text()}"
            assert time.monotonic() < deadline, f"no {what} within {timeout} s:\n{self.err.read_text()}"
            time.sleep(0.01)  # between two looks at the condition

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def interrupt(self) -> None:
        self.signal(signal.SIGINT)

    def end(self, timeout: float = 60.0) -> Ended:
        """Wait for its end."""
        began = time.monotonic()
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still going after {timeout} s:\n{self.err.read_text()}") from None
        return Ended(code, self.out.read_text(), self.err.read_text(), time.monotonic() - began)


def left_of(engine: Engine, run: Path) -> dict[str, list[str]]:
    """What the engine has of a run, by kind."""
    label = [f"{RUN}={run.name}"]
    kinds = {
        "containers": [container.name for container in engine.containers.list(label)],
        "networks": networks_left(engine, *label),
        "volumes": list(engine.volumes.list(label)),
    }
    return {kind: names for kind, names in kinds.items() if names}


def left_on(engine: Engine, world: World) -> dict[str, list[str]]:
    """What the engine has of the runs of a world, by kind."""
    found: dict[str, list[str]] = {}
    for run in world.directories():
        for kind, names in left_of(engine, run).items():
            found.setdefault(kind, []).extend(names)
    return found


def is_running(container: Container | None) -> bool:
    """Whether a container runs. One that is being made may be listed, and not be there to be asked yet."""
    if container is None:
        return False
    try:
        return container.state().running
    except EngineError:
        return False


def eventually(condition: Callable[[], Any], timeout: float = 30.0) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def variant(directory: Path, *edits: Edit) -> Path:
    """The tiny stack with changes, as a file of its own; its images are the same."""
    document = yaml.safe_load(tiny.STACK.read_text())
    for service in document["services"].values():
        service["build"] = str(tiny.STACK.parent / service["build"])
    for edit in edits:
        edit(document)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "compose.1.1.0.yaml").write_text((tiny.STACK.parent / "compose.1.1.0.yaml").read_text())
    path = directory / "compose.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def deployer(deploy: list[str], rollback: list[str] | None = None, **more: object) -> Edit:
    """Another deployer; `place="this machine"` runs it there."""

    def edit(document: dict[str, Any]) -> None:
        found = document["x-harness"]["deployer"]
        found["deploy"] = deploy
        found["rollback"] = rollback or found["rollback"]
        if more.pop("place", None):
            del found["in"]
        found.update(more)

    return edit


def outcomes(events: tuple[Event, ...]) -> dict[tuple[str, str], str]:
    """(phase, check) to outcome."""
    return {(e.data["phase"], e.data["check"]): e.data["outcome"] for e in events if e.kind == "verdict"}


def reasons(events: tuple[Event, ...], phase: str) -> str:
    """Every reason that was given in a phase."""
    return "\n".join(e.data["reason"] for e in events if e.kind == "verdict" and e.data["phase"] == phase)


def clean(ended: Ended) -> None:
    """Its words are for people: no traceback, and no line wider than the terminal where it is for us to choose."""
    assert "Traceback" not in ended.text, ended.text
    assert "the harness itself failed" not in ended.text, ended.text
