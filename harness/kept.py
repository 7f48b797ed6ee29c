"""A program kept running in a replica, asked over its standard input: a question costs no process and no round of exec.

Nothing here waits longer than it is told to. Starting and ending the program, which may take long in a replica that is
paused or overloaded, happens in threads of its own, so that who asks many of these is held up by none.
"""

from __future__ import annotations

import contextlib
import secrets
import shlex
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.errors import HarnessError
from harness.printable import shortened
from harness.stalls import CHAIN, MACHINE

PATIENCE = 3.0  # s without an answer, after which the program is ended
MOST_PATIENCE = 15.0  # s, where the machine stands still
MAX_FAILURES = 3  # times in a row that it may fail before it is tried less often
RETRY_AFTER = 10.0  # s between two tries then
MAX_ANSWER_BYTES = 1024 * 1024  # bytes of an answer


class Program(Protocol):
    """A running program: `harness.engine.process.Process`."""

    def read(self, timeout: float) -> tuple[int, bytes] | None: ...
    def write(self, data: bytes, timeout: float = ...) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, or None with the reason why there is none."""

    text: str | None
    error: str | None = None


class KeptProgram:
    """Not for two threads at once. Every question is one `ask` and one `answer`.

    Args:
        start: starts the program; raises HarnessError.
        mark: what ends every answer, at the end of what was written so far.
        greeting: sent once after the start; it is answered as a question is.
        refused: how a line begins that means that nothing more will come: the program is ended and tried again later.
        clock: monotonic seconds.
        runs: how often the program's replica began to run, or ran on. After that the program is tried at once.
    """

    def __init__(
        self,
        start: Callable[[], Program],
        mark: bytes,
        *,
        greeting: bytes = b"",
        refused: Sequence[bytes] = (),
        clock: Callable[[], float] = time.monotonic,
        runs: Callable[[], int] = lambda: 1,
    ) -> None:
        self._start, self._mark, self._greeting, self._refused = start, mark, greeting, tuple(refused)
        self._clock, self._runs = clock, runs
        self._seen = runs()
        self._program: Program | None = None
        self._opening: threading.Thread | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._heard = bytearray()
        self._question = b""
        self._asked: float | None = None
        self._failures = 0
        self._again = 0.0
        self._why = "it was not asked yet"

    def ask(self, question: bytes) -> None:
        """Send a question, unless the one before is still open or the program has to be started first."""
        self._question = question
        if self._seen != (now := self._runs()):
            self._seen, self._failures, self._again = now, 0, 0.0
        if self._program is not None and self._asked is None:
            self._send()
        elif self._program is None and self._opening is None and self._clock() >= self._again:
            self._opening = threading.Thread(target=self._open, name="probe-open", daemon=True)
            self._opening.start()

    def answer(self, until: float) -> Response:
        """What came by `until`, a moment of the clock. An open question is waited for at the next call."""
        if self._opening is not None:
            self._opening.join(max(0.0, until - self._clock()))
            if self._opening.is_alive():
                return Response(None, "its program is being started")
            self._opening = None
            if self._program is not None:
                self._send()
        program = self._program
        if program is None:
            return Response(None, self._why)
        while True:
            heard = bytes(self._heard)
            if heard.endswith(self._mark):
                self._heard.clear()
                self._asked, self._failures = None, 0
                return Response(heard.removesuffix(self._mark).decode("utf-8", "replace"))
            refusal = next((line for line in heard.splitlines() if line.startswith(self._refused)), None)
            if refusal is not None or len(heard) > MAX_ANSWER_BYTES:
                return self._give_up((refusal or heard).decode("utf-8", "replace"))
            try:
                frame = program.read(max(0.0, until - self._clock()))
            except TimeoutError:
                return self._late()
            except HarnessError as error:
                return self._give_up(str(error))
            if frame is None:
                words = heard.decode("utf-8", "replace").strip()
                return self._give_up(f"its program ended: {words or 'without any output'}")
            self._heard += frame[1]

    def _send(self) -> None:
        program = self._program
        if program is None:
            return
        self._asked = self._clock()
        try:
            program.write(self._question, 0.2)
        except HarnessError as error:
            self._heard += str(error).encode()
            self._asked = float("-inf")  # given up at the next look

    def _late(self) -> Response:
        now = self._clock()
        asked = self._asked if self._asked is not None else now
        waited = now - asked
        if waited < min(PATIENCE + CHAIN * MACHINE.stood(asked, now), MOST_PATIENCE):
            return Response(None, f"no answer within {waited:.1f} s")
        said = self._heard[-200:].decode("utf-8", "replace").strip()
        how_long = f"no answer within {waited:.1f} s" if waited < 1e9 else "it accepts no input"
        return self._give_up(how_long + (f": {said}" if said else ""))

    def _give_up(self, why: str) -> Response:
        self._failed(why)
        program, self._program, self._asked = self._program, None, None
        self._heard.clear()
        if program is not None:
            threading.Thread(target=_end, args=(program,), name="probe-end", daemon=True).start()
        return Response(None, self._why)

    def _open(self) -> None:
        program: Program | None = None
        try:
            program = self._start()
            if self._greeting:
                program.write(self._greeting)
                self._greeted(program)
        except (HarnessError, TimeoutError, OSError) as error:
            self._failed(str(error) or "it did not start in time")
            if program is not None:
                _end(program)
            return
        with self._lock:
            if not self._closed:
                self._program = program
                return
        _end(program)

    def _greeted(self, program: Program) -> None:
        said = b""
        while not said.endswith(self._mark):
            frame = program.read(PATIENCE)
            if frame is None:
                words = said.decode("utf-8", "replace").strip()
                raise TimeoutError(f"its program ended: {words or 'without any output'}")
            said += frame[1]

    def _failed(self, why: str) -> None:
        self._failures += 1
        self._why = shortened(why)
        self._again = self._clock() + (RETRY_AFTER if self._failures >= MAX_FAILURES else 0.0)

    @property
    def busy(self) -> bool:
        """A question is open, or the program is being started for it."""
        return self._asked is not None or self._opening is not None

    def close(self) -> None:
        """End the program, also one that is being started."""
        with self._lock:
            self._closed = True
            program, self._program = self._program, None
        if program is not None:
            _end(program)


def _end(program: Program) -> None:
    with contextlib.suppress(HarnessError, OSError):  # it ends with its container
        program.close()


class Startable(Protocol):
    """A replica in which programs can be started."""

    @property
    def name(self) -> str: ...
    @property
    def runs(self) -> int: ...

    def start(self, argv: Sequence[str], *, user: str = ..., stdin: bool = ...) -> Program: ...


class KeptShell(KeptProgram):
    """A shell that runs functions which it was told at the start, or commands, with the output of both streams.

    Args:
        functions: shell text that defines what the questions call. What they put into `$__A` is written with the mark.
    """

    def __init__(self, replica: Startable, functions: str = "") -> None:
        self._token = f"\x1e{secrets.token_hex(8)}\n"
        end = f"__end() {{ printf '%s\\036%s\\n' \"$__A\" {self._token[1:-1]}; __A=; }}"
        told = f"__A=\n{functions}\n{end}\n__end\n"
        super().__init__(
            lambda: replica.start(["/bin/sh", "-c", "exec 2>&1; exec /bin/sh"], user="0", stdin=True),
            self._token.encode(),
            greeting=told.encode(),
            runs=lambda: replica.runs,
        )

    def call(self, line: str) -> None:
        """Ask a line of shell; it must not read its standard input."""
        self.ask(f"{line}\n__end\n".encode())

    def command(self, argv: Sequence[str]) -> None:
        """Ask a command; the answer is its output and, on a last line, its exit code."""
        self.ask(f"( {shlex.join(argv)} ) </dev/null; printf '\\n%s' $?; __end\n".encode())


def code_and_text(heard: Response) -> Response:
    """The answer to `KeptShell.command`: the stripped output where the exit code was 0 and something was said."""
    if heard.text is None:
        return heard
    said, _, code = heard.text.rpartition("\n")
    said = said.strip()
    if code != "0":
        return Response(None, shortened(f"exit code {code}" + (f": {said}" if said else "")))
    return Response(said) if said else Response(None, "exit code 0 and no answer")
