"""One running instance of a service, and every way to ask it something."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property

from testinfra.host import Host

from harness.engine import Container, ContainerState, Engine
from harness.engine.gone import gone
from harness.engine.output import Output
from harness.engine.process import ExecProcess
from harness.environment.host import host as testinfra_host
from harness.environment.shell import Answer, RawAnswer, Shell
from harness.errors import HostError
from harness.stack import Healthcheck, Service

ANSWER_WITHIN = 10.0  # s a command may take unless the caller says otherwise


class Replica:
    """A replica of a service, e.g. `backend-2`.

    Attributes:
        name: unique in its environment, and resolvable within it.
        number: counts from 1 within the service.
        declared: the service as the stack declares it.
        health: its health check: the service's own, else its image's.
        release: the release that its container was made for. What it runs, the container's image says.
        generation: how many containers it has had.
        runs: how often one of them began to run, or ran on after a pause, as far as that was told.
        changed: set by the engine's events when the container died, and when a wait for it is to be given up.
    """

    def __init__(
        self,
        engine: Engine,
        container: Container,
        declared: Service,
        name: str,
        health: Healthcheck | None = None,
        release: str = "",
    ) -> None:
        self._engine = engine
        self._container = container
        self.declared = declared
        self.name = name
        self.health = health
        self.release = release
        self.generation = self.runs = 1
        self.number = int(name.rsplit("-", 1)[1])
        self.changed = threading.Event()
        self._shell = Shell(engine.api, container.id, name)

    def __repr__(self) -> str:
        return f"<Replica {self.name} ({self.container})>"

    @property
    def service(self) -> str:
        """The name of its service."""
        return self.declared.name

    @property
    def container(self) -> str:
        """The name of its container on the engine."""
        return self._container.name

    def adopt(self, container: Container, declared: Service, health: Healthcheck | None, release: str) -> None:
        """Go on with another container, made for another release: whoever asks the replica asks that one from now."""
        self._container, self.declared, self.health, self.release = container, declared, health, release
        self.generation += 1
        self.runs += 1
        self.changed.clear()
        self._shell.move(container.id)

    @cached_property
    def host(self) -> Host:
        """A testinfra Host over the replica's own shell. A dead replica raises; it never answers False."""
        return testinfra_host(self._shell)

    def run(self, command: str | Sequence[str], timeout: float = ANSWER_WITHIN) -> Answer:
        """Run a command in the replica, as root, in a subshell of the one shell that is kept open.

        Args:
            command: a shell command, or its words.
            timeout: seconds; then the command and its children are killed.

        Raises:
            CommandTimeout: it took longer.
            ReplicaGone: the replica is stopped, dead, paused or removed.
        """
        return self._shell.run(command if isinstance(command, str) else shlex.join(command), timeout)

    def ask(self, command: str | Sequence[str], timeout: float = ANSWER_WITHIN) -> RawAnswer:
        """The same as `run`, with the output as bytes."""
        return self._shell.ask(command if isinstance(command, str) else shlex.join(command), timeout)

    def has_shell(self) -> bool:
        """Whether its image has a /bin/sh, without which it can be asked little. ReplicaGone where it does not run."""
        return self._shell.there()

    def image(self) -> str:
        """The digest of its container's image. ReplicaGone where the container is not there any more."""
        return self._container.image()

    def running_image(self) -> str:
        """The digest of the image that its running container was made of.

        Raises:
            ReplicaGone: its container does not run, or is not there any more. EngineError: the engine cannot say.
        """
        error = gone(self._engine.api, self._container.id, self.name, "tell its image")
        if error is not None:
            raise error
        return self._container.image()

    def start(
        self, argv: Sequence[str], environment: Mapping[str, str] | None = None, *, user: str = "", stdin: bool = False
    ) -> ExecProcess:
        """Start a command in the replica and return at once; the caller reads its lines and closes it.

        Args:
            user: as in `docker exec --user`; the image's user where it is empty.
            stdin: whether the caller will write to it.
        """
        api, container = self._engine.api, self._container.id
        return ExecProcess.start(
            api, container, argv, environment=environment, user=user or None, stdin=stdin, name=self.name
        )

    def write(self, path: str, text: str) -> None:
        """Write a file in the replica, through its shell, so that tmpfs mounts are reached as well.

        Raises:
            HostError: it cannot be written.
        """
        answer = self.run(f"printf %s {shlex.quote(text)} > {shlex.quote(path)}")
        if answer.exit_code != 0:
            raise HostError("A file cannot be written", where=f"{self.name}:{path}", got=answer.stderr.strip())

    def state(self) -> ContainerState:
        """The engine's word on the container."""
        return self._container.state()

    def ended(self) -> str | None:
        """How it ended, in words, e.g. `exited with code 1`; None while it runs."""
        state = self.state()
        if state.running:
            return None
        return f"was killed by the OOM killer (code {state.exit_code})" if state.oom_killed else (
            f"exited with code {state.exit_code}"
        )  # fmt: skip

    def tail(self, lines: int) -> str:
        """The last lines that it wrote to stdout and stderr."""
        return self._container.logs(tail=lines)

    @property
    def container_id(self) -> str:
        """The id of its container; another one after it was replaced."""
        return self._container.id

    def output(self, stream: str, after: bytes | None = None) -> Output:
        """Follow what its container writes to `stdout` or `stderr`.

        Args:
            after: the stamp behind which to go on; empty: from the container's beginning; None: from now on.

        Raises:
            EngineError: the engine cannot pass it on.
        """
        since = self._engine.leases.now() - 1.0 if after is None else 0.0  # its clock is told to the second
        return Output(self._engine.api, self._container.id, self.name, stream, since=since, after=after or b"")

    def kill(self, signal: str = "KILL") -> None:
        """Send a signal to its first process."""
        self._container.kill(signal)

    def stop(self, seconds: float | None = None) -> None:
        """Stop it as Compose would: its stop signal, then KILL after `seconds` (its own grace period if None)."""
        self._container.stop(self.declared.stop_grace_period if seconds is None else seconds)

    def begin(self) -> None:
        """Start its container."""
        self._container.start()

    @property
    def current_container(self) -> Container:
        """Its container, for whoever replaces it."""
        return self._container

    def close(self, *, end: bool = True) -> None:
        """Let go of its shells.

        Args:
            end: False gives back the sockets only, for a container that is removed next.
        """
        self._shell.close(end=end)
