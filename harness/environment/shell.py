"""The shells of one replica: any number of threads may run commands in it, and nothing they leave behind stays."""

from __future__ import annotations

import contextlib
import shlex
import threading
import time
from collections.abc import Sequence
from typing import Self

from harness.engine.ending import end_sessions
from harness.engine.gone import gone
from harness.engine.process import Api, ExecProcess
from harness.environment.open_shell import Answer, NeverBegan, OpenShell, RawAnswer, short
from harness.errors import CommandTimeout, EngineGone, HostError, ReplicaGone
from harness.signals import check, cleaning_up_after

__all__ = ["Answer", "RawAnswer", "Shell"]

LIMIT = 64 * 1024 * 1024
AT_ONCE = 4
# Seconds that a shell may take to start, or to take up a command. A replica in which two in a row said nothing is most
# likely mute: each further one is given less, so that a run whose replica is mute for minutes still comes to its end.
START, START_MUTE = 30.0, 2.0


class Shell:
    """Runs commands in one replica. Any number of threads; up to AT_ONCE commands at the same time, the rest wait.

    Args:
        name: the replica's name, for messages.
        user: as in `docker exec --user`.
        limit: bytes that one command may write.
    """

    def __init__(self, api: Api, container_id: str, name: str, user: str = "0", *, limit: int = LIMIT) -> None:
        self.api, self.container_id, self.name, self.user, self.limit = api, container_id, name, user, limit
        self._lock, self._slots = threading.Lock(), threading.BoundedSemaphore(AT_ONCE)
        self._idle: list[OpenShell] = []
        self._held: list[OpenShell] = []  # something that a command left running holds on to these
        self._no_shell = False
        self._mute = 0  # shells in a row that said nothing in time
        self._others: dict[str, Shell] = {}

    def as_user(self, user: str) -> Shell:
        """A shell for the same replica as another user; closed with this one."""
        if user == self.user:
            return self
        with self._lock:
            if user not in self._others:
                self._others[user] = Shell(self.api, self.container_id, self.name, user, limit=self.limit)
            return self._others[user]

    def run(self, command: str | Sequence[str], timeout: float = 10.0) -> Answer:
        """Run a shell string or an argument list, with /dev/null as its input.

        A background process that the command leaves running lives until `close`, unless it starts a session (setsid).

        Raises:
            CommandTimeout: it took longer than `timeout` seconds; it has been ended, with its children.
            ReplicaGone: the container is removed, stopped, paused, or was restarted meanwhile.
            HostError: it cannot be run or answered (no /bin/sh in the image, too much output).
            EngineGone: the engine does not answer.
        """
        return self.ask(command, timeout).text()

    def ask(self, command: str | Sequence[str], timeout: float = 10.0) -> RawAnswer:
        """The same as `run`, with the output as bytes."""
        check()
        text = command if isinstance(command, str) else shlex.join(command)
        if "\0" in text:
            raise HostError("a command cannot hold a NUL byte", where=self.name, got=short(repr(text)))
        if not self._slots.acquire(timeout=timeout):
            raise CommandTimeout(
                f"{self.name} was busy with {AT_ONCE} other commands for {timeout:g} s",
                where=self.name,
                got=short(text),
            )
        try:
            return self._ask(command, text, timeout)
        finally:
            self._slots.release()

    def there(self) -> bool:
        """Whether the image has a /bin/sh."""
        if not self._no_shell and (shell := self._take()) is not None:
            with self._lock:
                self._idle.append(shell)
        return not self._no_shell

    def _ask(self, command: str | Sequence[str], text: str, timeout: float) -> RawAnswer:
        for _ in range(2):
            shell = None if self._no_shell else self._take()
            if shell is None:
                return self._without_shell(command, timeout)
            try:
                answer = shell.ask(text, timeout, self.limit, self._start)
            except NeverBegan:
                shell.process.abandon()
                continue
            except Exception as error:
                self._mute += shell.mute and isinstance(error, CommandTimeout)
                with cleaning_up_after(error):
                    shell.process.close()
                raise
            except BaseException:
                # Interrupted: the end of the command is not waited for here, which may take long where a replica is
                # short of CPU time. It ends with its container, or with `close`.
                shell.process.abandon()
                with self._lock:
                    self._held.append(shell)
                raise
            self._mute = 0
            with self._lock:
                self._idle.append(shell)
            return answer
        raise gone(self.api, self.container_id, self.name, "run a command") or HostError(
            f"{self.name} ends every shell before it can run a command", where=self.name, got=short(text)
        )

    @property
    def _start(self) -> float:
        return START if self._mute < 2 else START_MUTE

    def _take(self) -> OpenShell | None:
        """A shell that is free, opened if need be. None where the image has none."""
        while True:
            with self._lock:
                shell = self._idle.pop() if self._idle else None
            if shell is None:
                break
            state = shell.ready()
            if state:
                return shell
            shell.process.abandon()
            if state is False:
                with self._lock:
                    self._held.append(shell)
        try:
            shell = OpenShell(self.api, self.container_id, self.name, self.user, self._start)
        except CommandTimeout:
            self._mute += 1
            raise
        if shell.process.pid is not None:
            return shell
        shell.process.abandon()
        self._no_shell = True
        return None

    def _without_shell(self, command: str | Sequence[str], timeout: float) -> RawAnswer:
        if isinstance(command, str):
            raise HostError(
                f"{self.name} has no shell to run a command line in",
                where=self.name,
                got=short(command),
                expected="an image with /bin/sh, or an argument list",
                hint="pass the command as a list; testinfra's modules need a shell",
            )
        began, output, size = time.monotonic(), {1: bytearray(), 2: bytearray()}, 0
        process = ExecProcess.start(
            self.api, self.container_id, command, user=self.user, name=self.name, timeout=timeout, announce=False
        )
        with process:
            try:
                while frame := process.read_until(began + timeout):
                    output[frame[0]] += frame[1]
                    size += len(frame[1])
                    if size > self.limit:
                        raise HostError(f"a command in {self.name} wrote more than {self.limit} bytes", where=self.name)
            except TimeoutError as late:
                raise process.too_long(timeout, "it keeps running: the image has no /bin/sh to kill it") from late
            return RawAnswer(process.exit_code(), bytes(output[1]), bytes(output[2]), time.monotonic() - began)

    def move(self, container_id: str) -> None:
        """Go on in another container: what ran in the one before is gone with it."""
        with self._lock:
            shells, self._idle, self._held = self._idle + self._held, [], []
            self.container_id, self._no_shell = container_id, False
            others = list(self._others.values())
        for other in others:
            other.move(container_id)
        for shell in shells:
            shell.process.abandon()

    def close(self, *, end: bool = True) -> None:
        """End every shell and what commands left running. It can be used again afterwards.

        Args:
            end: False only gives back the sockets, for a container that is removed next.
        """
        with self._lock:
            shells, self._idle, self._held = self._idle + self._held, [], []
            others, self._others = list(self._others.values()), {}
        for other in others:
            other.close(end=end)
        for shell in shells:
            shell.process.abandon()  # first: the engine does not report an end while output waits for a reader
        # A container or an engine that is gone has nothing left to end.
        with contextlib.suppress(ReplicaGone, EngineGone):
            running = [s.process.pid for s in shells if end and s.process.pid is not None and s.process.running()]
            end_sessions(self.api, self.container_id, self.name, running)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        with cleaning_up_after(error):
            self.close()
