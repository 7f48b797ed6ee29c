"""One plan, run in a process of its own that can be stopped and killed, and what came of it.

What the run says stands in its history, which is read when the process has ended. A process that was lost, that gave no
verdict or whose history is damaged makes the plan unknown, with the reason: it is never a pass, and never a failure.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import harness
from harness import files
from harness.errors import HarnessError, unwritable
from harness.event import Event, of, read
from harness.events import RunEnd, RunError
from harness.history import EVENTS
from harness.plan.plan import Plan
from harness.plan.signature import Signature, first_failure, signature_of
from harness.verdict import Outcome

LIMIT = 1800.0  # s after which a plan hangs
ENDS_WITHIN = 90.0  # s that it may take to heal and to take down, once it is told to end
POLL_EVERY = 0.1  # s
MAX_WORDS = 20_000  # bytes of what it wrote to stderr that are read
PLAN, RUNS, ERR = "plan.yaml", "runs", "err"  # in the directory of a process


@dataclass(frozen=True, slots=True)
class PlanOrder:
    """What is to be run.

    Attributes:
        plan: the plan.
        stack: the Compose file. overrides: the files that are merged into it.
        seed: of what faults leave to chance; None draws one.
        environment: variables beside those of this process.
        limit: seconds after which it is stopped, and unknown.
    """

    plan: Plan
    stack: Path
    overrides: tuple[Path, ...] = ()
    seed: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    limit: float = LIMIT


@dataclass(frozen=True, slots=True)
class PlanResult:
    """What came of a plan.

    Attributes:
        outcome: of the run; unknown where it came to no verdict.
        signature: what the failure is recognised by; None unless it failed.
        directory: of the run; None where it did not come to have one.
        seconds: that it took.
        reason: of the outcome, in a sentence.
        step: the number of the step in which it failed first, from 1; None where it did not, or in none of them.
    """

    outcome: Outcome
    signature: Signature | None
    directory: Path | None
    seconds: float
    reason: str
    step: int | None = None


class PlanProcess:
    """A plan under way. Safe to be stopped and killed from another thread than the one that waits.

    Args:
        order: what is run.
        directory: an empty one, or one to be made, for all that it writes.

    Raises:
        NoSpace, Unwritable: the directory cannot be written. OSError: the process cannot be started.
    """

    def __init__(self, order: PlanOrder, directory: Path) -> None:
        self.directory, self._limit, self._ended = directory, order.limit, ""
        self._told = threading.Event()
        try:
            files.write(directory / PLAN, order.plan.to_yaml())
            errors = files.opened(directory / ERR, "wb")
        except OSError as error:
            raise unwritable("The directory of a run cannot be written", directory, error) from error
        with errors as err:
            self._process = subprocess.Popen(
                _command(order, directory), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err,
                env=_variables(order.environment), start_new_session=True,
            )  # fmt: skip
        self._began = time.monotonic()

    def wait(self, unless: threading.Event | None = None) -> PlanResult:
        """Wait for its end, and read what came of it. One that takes longer than its limit is stopped, and so is one
        that still runs when the event is set.
        """
        while self._process.poll() is None:
            if unless is not None and unless.is_set():
                self.stop()
            if not self._told.is_set() and time.monotonic() - self._began > self._limit:
                self._tell(f"it did not end within {self._limit:g} s, and was stopped")
            if self._told.is_set():
                self._end()
            else:
                self._told.wait(POLL_EVERY)
        return result(self.directory, self._process.returncode, time.monotonic() - self._began, self._ended)

    def stop(self) -> None:
        """End it as Ctrl-C does: faults are healed, and everything is taken down. `wait` returns when that is done."""
        self._tell("it was stopped")

    def kill(self) -> None:
        """End it at once, as the last means: the next run, or `harness sweep`, removes what is left on the engine."""
        self._ended = self._ended or "it was killed"
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _tell(self, why: str) -> None:
        self._ended = self._ended or why
        self._told.set()

    def _end(self) -> None:
        # A background job of a shell ignores SIGINT, and so does what it starts.
        ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM if ignored else signal.SIGINT)
        try:
            self._process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()


class _Found(NamedTuple):
    """What a run's history says."""

    outcome: Outcome
    signature: Signature | None
    reason: str
    step: int | None = None


def result(directory: Path, exit_code: int, seconds: float, ended: str = "") -> PlanResult:
    """What came of the plan whose process wrote into a directory.

    Args:
        exit_code: of the process; negative for a signal.
        seconds: that it took.
        ended: why it was ended from outside; empty where it ended by itself.
    """
    run = run_in(directory)
    if ended:
        return PlanResult(Outcome.UNKNOWN, None, run, round(seconds, 1), ended)
    outcome, signature, reason, step = _read(run, exit_code)
    reason = (_last_words(directory) if run is None else "") or reason
    return PlanResult(outcome, signature, run, round(seconds, 1), reason, step)


def run_in(directory: Path) -> Path | None:
    """The directory of the run that a process made; None before it is there."""
    runs = directory / RUNS
    found = [one for one in runs.iterdir() if one.is_dir() and not one.is_symlink()] if runs.is_dir() else []
    return found[0] if len(found) == 1 else None


def _read(run: Path | None, exit_code: int) -> _Found:
    how = _how(exit_code)
    if run is None:
        return _Found(Outcome.UNKNOWN, None, f"there is no verdict: the process made no run, and {how}")
    try:
        events = read(run / EVENTS)
    except HarnessError as error:
        return _Found(Outcome.UNKNOWN, None, f"{error.what}: {error.got}" if error.got else error.what)
    return _verdict(events, exit_code, how)


def _verdict(events: tuple[Event, ...], exit_code: int, how: str) -> _Found:
    ends, broke = of(events, RunEnd), of(events, RunError)
    if broke:
        return _Found(Outcome.UNKNOWN, None, broke[-1].body.what)
    if not ends:
        return _Found(Outcome.UNKNOWN, None, f"there is no verdict: the run did not come to its end ({how})")
    end = ends[-1].body
    if end.outcome not in set(Outcome) or exit_code != Outcome(end.outcome).exit_code:
        return _Found(Outcome.UNKNOWN, None, f"the history says {end.outcome}, and the process {how}")
    if end.outcome != Outcome.FAIL:
        return _Found(Outcome(end.outcome), None, end.reason)
    first, found = first_failure(events), signature_of(events)
    if first is None or found is None:
        return _Found(Outcome.UNKNOWN, None, f"the run failed, and no check in its history did: {end.reason}")
    return _Found(Outcome.FAIL, found, end.reason, first.plan_step)


def _how(exit_code: int) -> str:
    return f"ended with exit code {exit_code}" if exit_code >= 0 else f"was ended by signal {-exit_code}"


def _last_words(directory: Path) -> str:
    """The first line of what it wrote about its error."""
    try:
        with (directory / ERR).open("rb") as file:
            said = file.read(MAX_WORDS).decode(errors="replace")
    except OSError:
        return ""
    return next((line.strip() for line in said.splitlines() if line.strip()), "")


def _command(order: PlanOrder, directory: Path) -> list[str]:
    overrides = [word for path in order.overrides for word in ("-f", str(path))]
    seed = [] if order.seed is None else ["--seed", str(order.seed)]
    return [
        sys.executable, "-m", "harness", "plan", "run", str(directory / PLAN), str(order.stack), *overrides,
        "--out", str(directory / RUNS), *seed,
    ]  # fmt: skip


def _variables(extra: Mapping[str, str]) -> dict[str, str]:
    """The variables of this process, with those by which it finds the same harness."""
    plain = {key: value for key, value in os.environ.items() if key not in ("HARNESS_VERBOSE", "FORCE_COLOR")}
    path = os.pathsep.join(filter(None, [str(Path(harness.__file__).parent.parent), os.environ.get("PYTHONPATH")]))
    return {**plain, "PYTHONPATH": path, "NO_COLOR": "1", **extra}
