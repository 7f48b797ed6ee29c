"""Shells kept open per replica: a command costs a fork, where an exec of its own costs sixty milliseconds."""

from __future__ import annotations

import contextlib
import secrets
import shlex
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from harness.engine.ending import end_sessions
from harness.engine.gone import gone, started_at
from harness.engine.process import Api, Process
from harness.environment.reply import HELPER, Reply, TooMuch, call
from harness.errors import CommandTimeout, EngineGone, HostError, ReplicaGone

LIMIT = 64 * 1024 * 1024
AT_ONCE = 4
SHOWN = 2000  # characters of a command or an output that a message quotes


@dataclass(frozen=True)
class RawAnswer:
    """What a command answered, as it came."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    seconds: float

    def text(self) -> Answer:
        """The same as text; bytes that are not UTF-8 are replaced."""
        out, err = self.stdout.decode("utf-8", "replace"), self.stderr.decode("utf-8", "replace")
        return Answer(self.exit_code, out, err, self.seconds)


@dataclass(frozen=True)
class Answer:
    """What a command answered: its exit code, its output as text, and how long it took in seconds."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float


class _NeverBegan(Exception):
    """The shell was gone before it took the command up: nothing has been run, so another shell may."""


class _OpenShell:
    """One shell in the container. Not for two threads at once."""

    def __init__(self, api: Api, container_id: str, name: str, user: str) -> None:
        self._api, self._container_id, self._name = api, container_id, name
        self._started = started_at(api, container_id, name)
        self.process = Process.start(api, container_id, ["/bin/sh"], user=user, stdin=True, name=name)
        self._last: Reply | None = None
        if self.process.pid is not None:
            self.process.write(HELPER.encode())

    def ready(self, grace: float = 0.05) -> bool | None:
        """True: it can be used. False: something that an earlier command started holds on. None: it has ended."""
        deadline = time.monotonic() + grace
        while True:
            waits = self._last is not None and not self._last.free
            try:
                frame = self.process.read(max(deadline - time.monotonic(), 0.0) if waits else 0.0)
            except TimeoutError:
                return not waits
            if frame is None:
                return None
            if self._last is not None:
                self._last.feed(*frame)  # stray output is dropped there, and the mark found

    def ask(self, command: str, timeout: float, limit: int) -> RawAnswer:
        """Run a command. After any error this shell must be closed."""
        reply = self._last = Reply(token := secrets.token_hex(16), limit)
        began = time.monotonic()
        try:
            self.process.write(call(token, command), timeout)
            while not reply.complete:
                self._receive(reply, began + timeout)
        except (TimeoutError, CommandTimeout) as late:
            raise self._too_late(command, timeout, reply) from late
        except TooMuch as much:
            raise HostError(
                f"a command in {self._name} wrote more than {limit / 2**20:g} MiB",
                where=self._name,
                got=_short(command),
                expected=f"{limit / 2**20:g} MiB at most, stdout and stderr together",
                hint="filter it in the replica (head, tail, grep), or write it to a file and fetch that",
            ) from much
        seconds = time.monotonic() - began
        answer = RawAnswer(int(reply.exit_code or 0), bytes(reply.stdout), bytes(reply.stderr), seconds)
        reply.stdout.clear()
        reply.stderr.clear()
        return answer

    def _receive(self, reply: Reply, deadline: float) -> None:
        try:
            # One second at most, because a paused container neither answers nor ends.
            frame = self.process.read_until(min(deadline, time.monotonic() + 1.0))
        except TimeoutError:
            if error := gone(self._api, self._container_id, self._name, "run a command"):
                raise error from None
            if time.monotonic() >= deadline:
                raise
            return
        if frame is None:
            self._ended(reply)
        else:
            reply.feed(*frame)

    def _ended(self, reply: Reply) -> None:
        if not reply.begun:
            raise _NeverBegan
        if error := gone(self._api, self._container_id, self._name, "run a command"):
            raise error
        if started_at(self._api, self._container_id, self._name) != self._started:
            raise ReplicaGone(
                f"{self._name} was restarted while a command ran in it",
                where=self._name,
                expected="a container that runs on until the command has ended",
                hint="the command may have run in part; ask again",
            )
        raise HostError(
            f"the shell in {self._name} ended under the command that it ran",
            where=self._name,
            got=f"exit code {self.process.exit_code()}",
            expected="an answer",
            hint="a command that kills its own shell (kill $$) or every process (kill -9 -1) cannot be answered",
        )

    def _too_late(self, command: str, timeout: float, reply: Reply) -> HostError:
        """End the command and its children, then the error that says so."""
        self.process.close()
        sofar = "".join(
            f"{what}: {_tail(data)}\n"
            for what, data in (("stdout", reply.stdout), ("stderr", reply.stderr))
            if data and reply.begun
        )
        return CommandTimeout(
            f"a command in {self._name} still ran after {timeout:g} s, and was ended with its children",
            where=self._name,
            got=_short(command),
            expected=f"an end within {timeout:g} s",
            hint="give it more time (timeout=...), or find out what it waits for",
            detail=f"the output until then:\n{sofar}" if sofar else "no output until then",
        )


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
        self._idle: list[_OpenShell] = []
        self._held: list[_OpenShell] = []  # something that a command left running holds on to these
        self._no_shell = False

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
        text = command if isinstance(command, str) else shlex.join(command)
        if "\0" in text:
            raise HostError("a command cannot hold a NUL byte", where=self.name, got=_short(repr(text)))
        if not self._slots.acquire(timeout=timeout):
            raise CommandTimeout(
                f"{self.name} was busy with {AT_ONCE} other commands for {timeout:g} s",
                where=self.name,
                got=_short(text),
            )
        try:
            return self._ask(command, text, timeout)
        finally:
            self._slots.release()

    def _ask(self, command: str | Sequence[str], text: str, timeout: float) -> RawAnswer:
        for _ in range(2):
            shell = None if self._no_shell else self._take()
            if shell is None:
                return self._without_shell(command, timeout)
            try:
                answer = shell.ask(text, timeout, self.limit)
            except _NeverBegan:
                shell.process.abandon()
                continue
            except BaseException:
                shell.process.close()
                raise
            with self._lock:
                self._idle.append(shell)
            return answer
        raise gone(self.api, self.container_id, self.name, "run a command") or HostError(
            f"{self.name} ends every shell before it takes up a command", where=self.name, got=_short(text)
        )

    def _take(self) -> _OpenShell | None:
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
        shell = _OpenShell(self.api, self.container_id, self.name, self.user)
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
                got=_short(command),
                expected="an image with /bin/sh, or an argument list",
                hint="pass the command as a list; testinfra's modules need a shell",
            )
        began, output, size = time.monotonic(), {1: bytearray(), 2: bytearray()}, 0
        process = Process.start(
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
                raise process.too_long(timeout, "it runs on: an image without /bin/sh has nothing to end it") from late
            return RawAnswer(process.exit_code(), bytes(output[1]), bytes(output[2]), time.monotonic() - began)

    def close(self, *, end: bool = True) -> None:
        """End every shell and what commands left running. It can be used again afterwards.

        Args:
            end: False only gives back the sockets, for a container that is removed next.
        """
        with self._lock:
            shells, self._idle, self._held = self._idle + self._held, [], []
        # A container or an engine that is gone has nothing left to end.
        with contextlib.suppress(ReplicaGone, EngineGone):
            running = [s.process.pid for s in shells if end and s.process.pid is not None and s.process.running()]
            end_sessions(self.api, self.container_id, self.name, running)
        for shell in shells:
            shell.process.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} ... ({len(text)} characters)"


def _tail(data: bytes | bytearray) -> str:
    return bytes(data[-SHOWN:]).decode("utf-8", "replace").rstrip()
