"""One shell kept open in a replica: a command costs a fork, where an exec of its own costs sixty milliseconds."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from harness.engine.gone import gone
from harness.engine.process import Api, ExecProcess
from harness.environment.reply import HELPER, Reply, TooMuch, call
from harness.errors import CommandTimeout, HarnessError, HostError
from harness.stalls import Patience

MAX_QUOTED = 2000  # characters of a command or an output that a message quotes


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


class NeverBegan(Exception):
    """The shell was gone before it took the command up: nothing has been run, so another shell may."""


class OpenShell:
    """One shell in the container. Not for two threads at once.

    Args:
        timeout: seconds that its start may take.
    """

    def __init__(self, api: Api, container_id: str, name: str, user: str, timeout: float) -> None:
        self._api, self._container_id, self._name = api, container_id, name
        self.process = ExecProcess.start(
            api, container_id, ["/bin/sh"], user=user, stdin=True, name=name, timeout=timeout
        )
        self._last: Reply | None = None
        if self.process.pid is not None:
            self.process.write(HELPER.encode())

    def ready(self, grace: float = 0.05) -> bool | None:
        """True: it can be used. False: something that an earlier command started holds on. None: it has ended."""
        deadline = time.monotonic() + grace
        while self._last is not None and not self._last.free:
            try:
                frame = self.process.read_until(deadline)
            except TimeoutError:
                return False
            if frame is None:
                return None
            self._last.feed(*frame)
        try:
            return None if self.process.read(0.0) is None else False
        except TimeoutError:
            return True

    @property
    def mute(self) -> bool:
        """It has said nothing about the last command, not even that it took it up."""
        return self._last is not None and not self._last.begun

    def ask(self, command: str, timeout: float, limit: int, begin: float) -> RawAnswer:
        """Run a command. After any error this shell must be closed.

        Args:
            timeout: seconds until it must have ended.
            begin: seconds until the shell must have taken it up.
        """
        reply = self._last = Reply(token := secrets.token_hex(16), limit)
        patience, first = Patience(timeout), Patience(min(begin, timeout))
        try:
            self._send(call(token, command), timeout)
            while not reply.complete:
                self._receive(reply, patience if reply.begun else first)
        except (TimeoutError, CommandTimeout) as late:
            raise self._too_late(command, patience if reply.begun else first, reply) from late
        except TooMuch as much:
            raise HostError(
                f"a command in {self._name} wrote more than {limit / 2**20:g} MiB",
                where=self._name,
                got=short(command),
                expected=f"{limit / 2**20:g} MiB at most, stdout and stderr together",
                hint="filter it in the replica (head, tail, grep), or write it to a file and fetch that",
            ) from much
        answer = RawAnswer(int(reply.exit_code or 0), bytes(reply.stdout), bytes(reply.stderr), patience.waited)
        reply.stdout.clear()
        reply.stderr.clear()
        return answer

    def _send(self, line: bytes, timeout: float) -> None:
        try:
            self.process.write(line, timeout)
        except CommandTimeout:
            raise
        except HostError as ended:
            raise NeverBegan from ended  # a line that lacks its end is not run

    def _receive(self, reply: Reply, patience: Patience) -> None:
        try:
            # One second at most, because a paused container neither answers nor ends.
            frame = self.process.read_until(time.monotonic() + min(patience.left, 1.0))
        except TimeoutError:
            if error := gone(self._api, self._container_id, self._name, "run a command"):
                raise error from None
            if patience.left <= 0.0:
                raise
            return
        if frame is None:
            self._ended(reply)
        else:
            reply.feed(*frame)

    def _ended(self, reply: Reply) -> None:
        if not reply.begun:
            raise NeverBegan
        if error := self.process.taken_down():
            raise error
        raise HostError(
            f"the shell in {self._name} ended while it ran the command",
            where=self._name,
            got=f"exit code {self.process.exit_code()}",
            expected="an answer",
            hint="a command that kills its own shell (kill $$) or every process (kill -9 -1) cannot be answered",
        )

    def _too_late(self, command: str, patience: Patience, reply: Reply) -> HostError:
        """End the command and its children, then the error that says so."""
        try:
            self.process.close()
            became = "was killed with its children"
        except HarnessError as second:
            became = f"could not be ended ({second.what})"
        sofar = "".join(
            f"{what}: {_tail(data)}\n"
            for what, data in (("stdout", reply.stdout), ("stderr", reply.stderr))
            if data and reply.begun
        )
        if not reply.begun:
            return CommandTimeout(
                f"the shell in {self._name} did not take up a command within {patience.seconds:g} s, and {became}",
                where=self._name,
                got=f"no answer to {short(command)}{patience.words}",
                expected="the first line of an answer",
                hint="the replica hangs, or it or this machine is short of CPU time",
            )
        return CommandTimeout(
            f"a command in {self._name} still ran after {patience.seconds:g} s, and {became}",
            where=self._name,
            got=f"{short(command)}{patience.words}",
            expected=f"it ends within {patience.seconds:g} s",
            hint="give it more time (timeout=...), or find out what it waits for",
            detail=f"the output until then:\n{sofar}" if sofar else "no output until then",
        )


def short(text: str) -> str:
    return text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]} ... ({len(text)} characters)"


def _tail(data: bytes | bytearray) -> str:
    return bytes(data[-MAX_QUOTED:]).decode("utf-8", "replace").rstrip()
