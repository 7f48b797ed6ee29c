"""The generator's process: started, told lines, heard in a thread, and ended with nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import harness
from harness.errors import NotMeasured, UsageError
from harness.workload import messages

SILENT = 5.0  # seconds without a word from it after which it hangs
Hear = Callable[[Mapping[str, Any], bytes], None]


class GeneratorProcess:
    """One generator at a time; after `kill` another may be started.

    Attributes:
        news: held while what it says is taken in; told when something was.
        silent: set when it says no more.
        unwritable: why what it says could not be kept; None where it could.

    Args:
        hear: takes in what it says, in the reading thread, with `news` held. An OSError of it ends the reading.
    """

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self.news, self.silent = threading.Condition(), threading.Event()
        self.unwritable: OSError | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._heard = 0.0
        self._damaged = ""  # what was wrong with its reports

    @property
    def pid(self) -> int | None:
        """Its process id while there is one."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        """It is there and speaks."""
        return self._process is not None and self._process.poll() is None and not self.silent.is_set()

    def start(self) -> None:
        """Start it."""
        self.unwritable = None
        self.silent.clear()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the generator
        root = str(Path(harness.__file__).parent.parent)
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.workload.generator"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for the parent, which then stops it in good order
        )  # fmt: skip
        self._heard = time.monotonic()
        self._reader = threading.Thread(target=self._read, args=(self._process,), name="workload", daemon=True)
        self._reader.start()

    def tell(self, line: str) -> None:
        """Tell it a line."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):  # it is dead: whoever waits for its answer learns that
                self._process.stdin.write(line.encode() + b"\n")
                self._process.stdin.flush()

    def wait(self, done: Callable[[], bool], seconds: float) -> None:
        """Until `done()`, its end, or the time is over."""
        deadline = time.monotonic() + seconds
        with self.news:
            while not done() and not self.silent.is_set():
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                self.news.wait(left)

    def check(self, where: str, *, ended: bool) -> None:
        """Make sure that it is there and speaks, and that what it said was whole.

        Args:
            where: for the message. ended: it has said that it is over.

        Raises:
            UsageError: it was not started. NotMeasured: it broke.
        """
        if self._process is None:
            raise UsageError("The workload is not running", hint="start() it first")
        if self._damaged:
            raise self.broken(f"What the workload's generator reported was damaged: {self._damaged}", where)
        if self.silent.is_set() and not ended:
            raise self.broken("The workload's generator ended unexpectedly", where)
        if not ended and time.monotonic() - self._heard > SILENT:
            raise self.broken("The workload's generator hangs", where)

    def broken(self, what: str, where: str) -> NotMeasured:
        """An error, with how it ended and the last words that it wrote."""
        code, detail = None, ""
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                code = self._process.wait(1.0) if self.silent.is_set() else self._process.poll()
            self._errors.seek(0)
            detail = self._errors.read()[-2000:].decode(errors="replace")
        got = f"nothing for {time.monotonic() - self._heard:.1f} s" if code is None else f"exit code {code}"
        hint = "an exit code of -9 is the kernel's or an operator's: is the machine short of memory?" if code else None
        return NotMeasured(what, where=where, got=got, hint=hint, detail=detail)

    def kill(self) -> bool:
        """Nothing stays behind: not the process, not the thread, no open file. Whether there was one."""
        process, self._process = self._process, None
        if process is None:
            return False
        process.kill()
        process.wait()
        if self._reader is not None:
            self._reader.join(5.0)
        for stream in (process.stdin, process.stdout, self._errors):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        return True

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        """In a thread: take in what it says, until it says no more."""
        assert process.stdout is not None
        try:
            for said, data in messages.read(process.stdout):
                with self.news:
                    self._heard = time.monotonic()
                    self._hear(said, data)
                    self.news.notify_all()
        except ValueError as error:
            self._damaged = str(error)
        except OSError as error:
            self.unwritable = error
        finally:
            with self.news:
                self.silent.set()
                self.news.notify_all()
