"""A process in a container with its streams attached: read line by line, with deadlines, and ended with its children.

The engine starts every exec as the leader of a session of its own, so pid, process group and session are the same
number inside the container. The first line that a started process writes is ours: it names that number, and with it
the process can be ended from within.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Self

from harness.engine.ending import end_sessions
from harness.engine.gone import Api, gone, started_at, took_down
from harness.engine.hijack import OUT, ExecStream, Frames
from harness.engine.translate import field, translate
from harness.errors import CommandTimeout, EngineGone, HarnessError, HostError, ReplicaGone
from harness.signals import cleaning_up_after
from harness.stalls import Patience
from harness.waiting import poll

__all__ = ["Api", "ExecProcess"]

ANNOUNCE = 'printf "%s %s\\n" "$0" "$$"; exec "$@"'


class ExecProcess:
    """Made by `start`. Close it, or use it in a `with` block: what still runs then is ended."""

    def __init__(self, api: Api, container_id: str, name: str, argv: Sequence[str], exec_id: str) -> None:
        self.api, self.container_id, self.name, self.argv, self.exec_id = api, container_id, name, tuple(argv), exec_id
        self.pid: int | None = None  # inside the container; None where it has no /bin/sh to tell it
        self._container_started = started_at(api, container_id, name)
        self._frames, self._ready, self._at_end = Frames(), list[tuple[int, bytes]](), False
        self._closed = False
        self._connection = ExecStream(api, exec_id)

    @classmethod
    def start(
        cls,
        api: Api,
        container_id: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        workdir: str | None = None,
        stdin: bool = False,
        name: str | None = None,
        timeout: float = 30.0,
        announce: bool = True,
        privileged: bool = False,
    ) -> ExecProcess:
        """Start `argv` in a running container.

        Args:
            user: as in `docker exec --user`; None is the image's user.
            stdin: whether `write` will be used; without it the process reads end of file.
            name: the replica's name, for messages; None is the container's short id.
            timeout: seconds that the start itself may take.
            privileged: with the rights of the engine's own root, to mount in the container, for instance.
            announce: False starts the program alone, without the shell that tells its pid: `kill` cannot reach it.

        A program that is not there is no error here: it ends with exit code 126 or 127 and says so on its stderr
        (on stdout in an image without /bin/sh, where the engine says it).

        Raises:
            ReplicaGone: the container is removed, stopped, paused or dead.
            EngineGone: the engine does not answer.
            CommandTimeout: it did not start within `timeout` seconds.
        """
        name = name or container_id[:12]
        options = {
            "environment": dict(environment or {}), "user": user or "", "workdir": workdir, "stdin": stdin,
            "privileged": privileged,
        }  # fmt: skip
        if not announce:
            return cls._begin(api, container_id, argv, name=name, options=options, wrap=[])
        token = secrets.token_hex(16)
        wrap = ["/bin/sh", "-c", ANNOUNCE, token]
        process = cls._begin(api, container_id, argv, name=name, options=options, wrap=wrap)
        try:
            if process._learn_pid(token, timeout):
                return process
        except BaseException as error:
            with cleaning_up_after(error):
                process.abandon()
            raise
        process.abandon()
        return cls._begin(api, container_id, argv, name=name, options=options, wrap=[])

    @classmethod
    def _begin(
        cls, api: Api, container_id: str, argv: Sequence[str], *, name: str, options: dict[str, Any], wrap: list[str]
    ) -> ExecProcess:
        why = partial(gone, api, container_id, name, f"start {argv[0]}")
        with translate(f"{argv[0]} cannot be started in {name}", where=name, why=why):
            exec_id = field(api.exec_create(container_id, [*wrap, *argv], **options), "Id", where=name)
            return cls(api, container_id, name, argv, exec_id)

    def _learn_pid(self, token: str, timeout: float) -> bool:
        """Read the line that names the pid. False when there is no /bin/sh that could have written it."""
        patience, seen = Patience(timeout), b""
        rest: list[tuple[int, bytes]] = []
        while b"\n" not in seen:
            try:
                frame = self.read(patience.left)
            except TimeoutError as late:
                if patience.left > 0.0:
                    continue
                raise self._gone("start") or self._mute(patience) from late
            if frame is None:
                break
            seen, rest = (seen + frame[1], rest) if frame[0] == OUT else (seen, [*rest, frame])
        line, _, more = seen.partition(b"\n")
        words = line.decode("ascii", "replace").split()
        if words[:1] != [token]:
            if error := self._gone("start"):
                raise error
            said = (seen + b"".join(data for _, data in rest)).decode(errors="replace").strip()
            if self.exit_code() in (126, 127) and "/bin/sh" in said:
                return False
            raise HostError(
                f"{self.argv[0]} could not be started in {self.name}",
                where=self.name,
                got=said or "nothing",
                expected="the first line of a started process",
                hint="the user or the directory may not exist there, or the replica has no memory or process ids left",
            )
        self.pid = int(words[1])
        self._ready = [frame for frame in [(OUT, more), *rest] if frame[1]] + self._ready
        return True

    def _mute(self, patience: Patience) -> CommandTimeout:
        return CommandTimeout(
            f"{self.argv[0]} did not start in {self.name} within {patience.seconds:g} s",
            where=self.name,
            got=f"nothing from its /bin/sh{patience.words}",
            expected="the first line of a started process",
            hint="its /bin/sh hangs, or the replica or this machine is short of CPU time",
        )

    def read(self, timeout: float) -> tuple[int, bytes] | None:
        """The next piece of output as (1 for stdout or 2 for stderr, bytes), or None when both have ended.

        Raises:
            TimeoutError: nothing came within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while not self._ready:
            if self._at_end:
                return None
            data = self._connection.read(max(deadline - time.monotonic(), 0.0))
            self._at_end = not data
            self._ready = self._frames.feed(data)
        return self._ready.pop(0)

    def read_until(self, deadline: float) -> tuple[int, bytes] | None:
        """The same as `read`, but TimeoutError also for what is there after `deadline`, a `time.monotonic()`."""
        if (left := deadline - time.monotonic()) <= 0 and not self._at_end:
            raise TimeoutError
        return self.read(left)

    def lines(self, timeout: float) -> Iterator[tuple[str, str]]:
        """Every line as ("out" or "err", text without its end), as soon as it is complete, until the process ends.

        A last line without a newline is a line too; bytes that are not UTF-8 are replaced.

        Raises:
            CommandTimeout: it still runs after `timeout` seconds (since this call). It is not ended: `close` does that.
            ReplicaGone, EngineGone: the output ended because the container or the engine did.
        """
        started, parts = time.monotonic(), {OUT: b"", 2: b""}
        while True:
            try:
                frame = self.read_until(started + timeout)
            except TimeoutError as late:
                yield from _last_lines(parts)
                raise self.too_long(timeout) from late
            if frame is None:
                break
            stream, data = frame
            *whole, parts[stream] = (parts[stream] + data).split(b"\n")
            for line in whole:
                yield _line(stream, line)
        yield from _last_lines(parts)
        self.exit_code()

    def too_long(self, seconds: float, detail: str | None = None) -> CommandTimeout:
        """The error for a process that was given `seconds`."""
        command = " ".join(self.argv)
        return CommandTimeout(
            f"a command in {self.name} still runs after {seconds:g} s",
            where=self.name,
            got=command if len(command) <= 500 else command[:500] + " ...",
            expected=f"it ends within {seconds:g} s",
            hint="give it more time, or find out what it waits for",
            detail=detail,
        )

    def write(self, data: bytes, timeout: float = 30.0) -> None:
        """Send bytes to its stdin.

        Raises:
            CommandTimeout: it did not take them within `timeout` seconds.
            HostError, ReplicaGone, EngineGone: it, its container or the engine has ended.
        """
        try:
            self._connection.write(data, timeout)
        except TimeoutError as late:
            raise self.too_long(timeout, "it does not read its standard input") from late
        except OSError as broken:
            raise self._gone("write to") or HostError(
                f"{self.argv[0]} in {self.name} has ended and takes no input", where=self.name, got=str(broken)
            ) from broken

    def close_stdin(self) -> None:
        """No more input comes: it reads end of file. Its output can still be read."""
        self._connection.end_of_input()

    def exit_code(self, timeout: float = 10.0) -> int:
        """The exit code, once `read` said None (128 + n after signal n).

        Raises:
            ReplicaGone: it ended because its container did.
            CommandTimeout: its output ended, and it still runs after `timeout` seconds.
        """
        # The engine has no event that could be waited on without a second connection.
        code = poll(self._exit_code, lambda code: code is not None, within=Patience(timeout), every=0.005)
        if code is None:
            raise self.too_long(timeout, "its output has ended")
        if code == 137 and (error := self.taken_down()):
            raise error
        return code

    def _exit_code(self) -> int | None:
        running, code = self._inspect("Running", "ExitCode")
        if not running and code is not None:
            return int(code)
        if error := self._gone("run"):
            raise error
        return None

    def _inspect(self, *names: str) -> list[Any]:
        """These fields of what the engine says of it."""
        why = partial(self._gone, "ask for the state of")
        with translate(f"The state of {self.argv[0]} in {self.name} cannot be read", where=self.name, why=why):
            state = self.api.exec_inspect(self.exec_id)
        return [field(state, name, where=self.name) for name in names]

    def _gone(self, verb: str) -> HarnessError | None:
        return gone(self.api, self.container_id, self.name, f"{verb} {self.argv[0]}")

    def taken_down(self) -> HarnessError | None:
        """Why its container took it down, or None when that runs on. Looks for up to a second."""
        return took_down(
            self.api, self.container_id, self.name, doing=f"run {self.argv[0]}", started=self._container_started
        )

    def kill(self, signal: str = "KILL") -> None:
        """Send a signal ("KILL", "TERM", ...) to the process and all its children that did not leave its session.

        After "KILL" they are gone when this returns.

        Raises:
            HostError: the image has no /bin/sh, so nothing in the container can send signals; or they do not die.
            ReplicaGone, EngineGone.
        """
        if self.pid is None:
            raise HostError(
                f"{self.argv[0]} in {self.name} cannot be ended",
                where=self.name,
                got="an image without /bin/sh",
                hint="it ends with its container",
            )
        end_sessions(
            self.api,
            self.container_id,
            self.name,
            [self.pid],
            signal=signal,
            what=" ".join(self.argv),
            meanwhile=self._drain,
        )

    def _drain(self) -> None:
        """Take the output that is there, for `read` to give later."""
        with contextlib.suppress(TimeoutError):
            for _ in range(16):
                if self._at_end:
                    return
                data = self._connection.read(0.0)
                self._at_end = not data
                self._ready += self._frames.feed(data)

    def running(self) -> bool:
        """Whether it still runs. A container that is gone runs nothing."""
        try:
            return bool(*self._inspect("Running"))
        except ReplicaGone:
            return False

    def abandon(self) -> None:
        """Give back the socket and let the process be: it reads end of file, and its output is dropped."""
        self._at_end = True
        self._connection.close()

    def close(self) -> None:
        """End it if it still runs, and give back the socket. Quiet when container or engine are gone already, and
        where it was closed before.
        """
        if self._closed:
            return
        self._closed = True
        self.abandon()
        with contextlib.suppress(ReplicaGone, EngineGone):  # nothing of it can be left
            if self.pid is not None and self.running():
                self.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        with cleaning_up_after(error):
            self.close()


def _line(stream: int, data: bytes) -> tuple[str, str]:
    return "out" if stream == OUT else "err", data.removesuffix(b"\r").decode("utf-8", "replace")


def _last_lines(parts: Mapping[int, bytes]) -> Iterator[tuple[str, str]]:
    yield from (_line(stream, rest) for stream, rest in parts.items() if rest)
