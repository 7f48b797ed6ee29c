"""The team's own deployer: a command in a service of the stack, or on the machine that runs the harness."""

from __future__ import annotations

import os
import tempfile
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harness.deploy.deployer import Deployment, Running
from harness.deploy.inside import ReplicaProcess
from harness.deploy.inventory import Inventory, fill
from harness.deploy.local import LocalProcess
from harness.errors import DeployerError, EngineGone, HarnessError, UsageError
from harness.events import DeployerEnd, DeployerLine, DeployerStart
from harness.history import History
from harness.redaction import StreamRedactor
from harness.signals import wait_for
from harness.stack import Deployer as Declared
from harness.stalls import Patience

if TYPE_CHECKING:
    from harness.environment import Environment

INSIDE = "/tmp/harness-inventory"  # noqa: S108 - /tmp is what every image has, also those with a read-only root
ENDS_WITHIN = 5.0  # s for the end of a deployer that is killed, once the harness itself is to end
POLL = 0.2  # s: how often a quiet deployer is looked at for its deadline
TAIL_LINES = 40  # lines kept for messages
LINES, CHARACTERS = 20_000, 4_000_000  # of one run that the history takes; of what follows it has the last lines


class Process(Protocol):
    """A started command, wherever it runs."""

    def line(self, timeout: float) -> tuple[str, str] | None:
        """The next (stream, text); None at the end; TimeoutError when nothing came."""

    def exit_code(self) -> int:
        """The exit code, after the end."""

    def kill(self) -> None:
        """End it and its children."""

    def close(self) -> None:
        """Free what it holds."""


@dataclass
class CommandDeployer:
    """Runs the commands that `x-harness.deployer` declares and records every line of them.

    Args:
        environment: where to deploy.
        declared: the commands, place, timeout and variables.
        history: where the output goes.
    """

    environment: Environment
    declared: Declared
    history: History
    _temporary: tempfile.TemporaryDirectory[str] | None = field(init=False, repr=False, default=None)
    _now: str = field(init=False)  # the release that was asked for last
    _other: str = field(init=False)  # the one before it
    _mark: str = field(init=False, repr=False, default="")  # in the names of its files

    def __post_init__(self) -> None:
        self._now = self._other = self.environment.release

    @property
    def timeout(self) -> float:
        """Seconds after which a command is ended."""
        return self.declared.timeout

    def deploy(self, release: str) -> Deployment:
        """Deploy and wait for the end. Its outcome is in the result, never an exception."""
        return self.start("deploy", release).wait()

    def rollback(self) -> Deployment:
        """Roll back and wait for the end. Its outcome is in the result, never an exception."""
        return self.start("rollback").wait()

    def run(self, title: str, command: Sequence[str]) -> Deployment:
        """Run another command of the deployer, in its place and with its variables, e.g. to fix something forward."""
        return self._start(title, self._now, list(command)).wait()

    def beside(self) -> CommandDeployer:
        """Another one, as a second person or job has it: it knows the same, and its files are its own."""
        other = copy(self)
        other._mark = f"{self._mark}-beside"
        return other

    def start(self, verb: str, release: str | None = None) -> Running:
        """Begin to deploy or roll back and return at once. That it cannot be started is an outcome too.

        Raises:
            EngineGone: the engine does not answer.
        """
        if verb == "deploy":
            assert release is not None
            target, other, template = release, self._now, self.declared.deploy or ()
            self._now = release
        else:
            target, other, template = self.environment.release, self._now, self.declared.rollback or ()
            self._now = target
        self._other = other
        return self._start(verb, target, fill(template, release=target, release_from=other))

    def _start(self, verb: str, release: str, command: list[str]) -> Running:
        service = self.declared.service
        started = self.history.record(DeployerStart(verb, release, command, service or "this machine"))
        try:
            process = self._inside(service, release, command) if service else self._outside(release, command)
        except HarnessError as error:
            ended = self.history.record(DeployerEnd(started.id, verb, release, None, "not started", 0.0, str(error)))
            if isinstance(error, EngineGone):
                raise
            return NeverStarted(
                Deployment(verb, release, "not started", None, 0.0, ended.id, (self.history.redactor.text(error.what),))
            )
        return RunningCommand(process, verb, release, started.id, self.declared.timeout, self.history)

    def _inventory(self, release: str) -> Inventory:
        return Inventory(
            environment=self.environment.id,
            engine=self.environment.engine.endpoint.url,
            release=release,
            release_from=self._other,
            hosts=self.environment.replicas,
        )

    def _inside(self, service: str, release: str, command: list[str]) -> Process:
        replica = self.environment[service][0]
        inventory = self._inventory(release)
        file, ansible = f"{INSIDE}{self._mark}.json", f"{INSIDE}{self._mark}.ini"
        replica.write(file, inventory.to_json())
        replica.write(ansible, inventory.to_ansible(inside=True))
        variables = {**inventory.variables(file=file, ansible=ansible), **self.declared.environment}
        return ReplicaProcess(replica, command, variables)

    def _outside(self, release: str, command: list[str]) -> Process:
        inventory, directory = self._inventory(release), self._directory()
        file, ansible = (directory / f"inventory-{self.environment.id}{self._mark}.{kind}" for kind in ("json", "ini"))
        file.write_text(inventory.to_json(), encoding="utf-8")
        ansible.write_text(inventory.to_ansible(inside=False), encoding="utf-8")
        variables = {
            **os.environ,
            "DOCKER_HOST": inventory.engine,
            **inventory.variables(file=str(file), ansible=str(ansible)),
            **self.declared.environment,
        }
        return LocalProcess(command, variables, self.environment.stack.file.parent)

    def _directory(self) -> Path:
        """For the inventory's files: beside the history, else a temporary one."""
        if self.history.path is not None:
            return self.history.path.parent.absolute()
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="harness-deployer-")
        return Path(self._temporary.name)


def deployer(environment: Environment, declared: Declared, history: History) -> CommandDeployer:
    """The commands that the stack declares.

    Raises:
        UsageError: it declares none.
    """
    if declared.deploy is None or declared.rollback is None:
        raise UsageError(
            "The stack declares no command that deploys",
            where=f"{environment.stack.file}: x-harness.deployer",
            expected="deploy: [...] and rollback: [...], each a list of words",
            hint="declare both, or name a built-in strategy; see docs/deployers.md",
        )
    return CommandDeployer(environment, declared, history)


@dataclass(frozen=True, slots=True)
class NeverStarted:
    """A deployer's command that could not be started."""

    outcome: Deployment
    ended: bool = True

    def wait(self) -> Deployment:
        """It is over."""
        return self.outcome

    def stop(self) -> Deployment:
        """There is nothing to kill."""
        return self.outcome


class RunningCommand:
    """A deployer's command under way: a thread reads its lines into the history until it ends or is ended.

    Args:
        process: the started command.
        verb, release: what it is for.
        start: id of its `deployer.start` event.
        timeout: seconds after which it is killed; while the machine stands still, that is put off.
        history: where its lines go.
    """

    def __init__(
        self, process: Process, verb: str, release: str | None, start: int, timeout: float, history: History
    ) -> None:
        self._process, self._history = process, history
        self._verb, self._release, self._start = verb, release, start
        self._began = history.clock.monotonic()
        self._patience = Patience(timeout, clock=history.clock.monotonic)
        self._stop = threading.Event()
        self._hidden = {stream: StreamRedactor(history.redactor) for stream in ("out", "err")}
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._late: deque[tuple[str, str]] = deque(maxlen=TAIL_LINES)
        self._lines = self._recorded = self._characters = 0
        self._result: Deployment | None = None
        self._error: BaseException | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"deployer-{verb}", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """It is over, for whatever reason."""
        return self._over.is_set()

    def wait(self) -> Deployment:
        """Wait for its end, or for its timeout, which ends it. Ctrl-C while waiting kills it first."""
        try:
            self._over.wait()
        except BaseException:
            self._stop.set()
            wait_for(self._over, ending=ENDS_WITHIN)
            raise
        return self._outcome()

    def stop(self) -> Deployment:
        """Kill it where it stands, as a crash of the deployer would.

        Raises:
            DeployerError: it did not end while the harness itself was asked to.
        """
        self._stop.set()
        if not wait_for(self._over, ending=ENDS_WITHIN):
            raise DeployerError("The deployer could not be ended", where=self._verb, hint="it ends with its container")
        return self._outcome()

    def _outcome(self) -> Deployment:
        if isinstance(self._error, EngineGone) or not isinstance(self._error, HarnessError | None):
            raise self._error
        assert self._result is not None
        return self._result

    def _follow(self) -> None:
        try:
            ended = self._read()
            exit_code = self._process.exit_code() if ended == "exit" else None
            self._result = self._end(ended, exit_code, None)
        except BaseException as error:  # handed to whoever waits
            self._error = error
            self._result = self._end("lost", None, str(error))
        finally:
            with suppress(HarnessError):  # how it ended is recorded; what is left of it goes with its container
                self._process.close()
            self._over.set()

    def _read(self) -> str:
        while True:
            left = self._patience.left
            if self._stop.is_set() or left <= 0:
                self._process.kill()
                return "stopped" if self._stop.is_set() else "timeout"
            try:
                line = self._process.line(min(POLL, left))
            except TimeoutError:
                continue
            if line is None:
                return "exit"
            self._keep(*line)

    def _keep(self, stream: str, text: str) -> None:
        """Record a line; once there are too many, only remember the last ones. Neither holds a secret."""
        text = self._hidden[stream].text(text)
        self._tail.append(text)
        self._lines, self._characters = self._lines + 1, self._characters + len(text)
        if self._lines <= LINES and self._characters <= CHARACTERS:
            self._recorded = self._lines
            self._history.record(DeployerLine(self._start, stream, text))
        else:
            self._late.append((stream, text))

    def _record_last_lines(self) -> None:
        if left_out := self._lines - self._recorded - len(self._late):
            text = f"(the harness leaves out {left_out} lines: {self._characters} characters are too many)"
            self._history.record(DeployerLine(self._start, "err", text))
        for stream, text in self._late:
            self._history.record(DeployerLine(self._start, stream, text))

    def _end(self, ended: str, exit_code: int | None, error: str | None) -> Deployment:
        self._record_last_lines()
        seconds = round(self._history.clock.monotonic() - self._began, 3)
        event = self._history.record(
            DeployerEnd(self._start, self._verb, self._release, exit_code, ended, seconds, error)
        )
        return Deployment(self._verb, self._release, ended, exit_code, seconds, event.id, tuple(self._tail))
