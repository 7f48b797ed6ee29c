"""What an exported experiment calls: a plan that runs in a process of its own, and each of its steps as an activity.

The plan is run by `harness plan run`, from its beginning to its end, as without the Chaos Toolkit. The activities after
the first wait for its steps and say what came of them; they drive nothing.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import files
from harness.chaostoolkit.library import chaoslib
from harness.errors import FAIL, PASS, visible
from harness.event import Event
from harness.events import PlanStepEnd, PlanStepStart, RunEnd, VerdictGiven
from harness.waiting import poll

__all__ = ["outcome", "start_plan", "stop_plan", "wait_for_step"]

HARNESS = (sys.executable, "-m", "harness")  # whose run it is; another process, with the same interpreter
LOOK_EVERY = 0.2  # s
LONGEST = 24 * 3600.0  # s that a step may take
STOP_WITHIN = 300.0  # s that a plan may take to clean up after a signal
TAIL = 2000  # characters of what the run said

_running: Running | None = None


def start_plan(plan: Mapping[str, Any], stack: str, out: str = "runs", override: Sequence[str] = ()) -> dict[str, Any]:
    """Start a plan on a stack, in an environment of its own.

    Args:
        plan: as its file has it.
        stack: the Compose file; override: those to merge into it.
        out: where runs are saved; this one gets a directory of its own there.
    """
    global _running  # noqa: PLW0603 - the activities of one experiment share nothing else
    if _running is not None and _running.process.poll() is None:
        raise _failed("a plan runs already")
    _running = Running(plan, stack, Path(out), override)
    return {"directory": str(_running.directory), "pid": _running.process.pid}


def wait_for_step(number: int) -> dict[str, Any]:
    """Wait until a step of the plan is over; what its checks said. Fails where the step was not done."""
    running = _there()
    running.until(lambda: number in running.ended)
    if number not in running.ended:
        why = running.last_words() if running.outcome is None else str(running.outcome.reason)
        raise _failed(f"step {number} was not run: {why}")
    if not running.ended[number]:
        raise _failed(f"step {number} ended the plan: {running.said(number) or 'see the run'}")
    began = running.begun.get(number)
    return {"step": number, "title": began.title if began else "", "verdicts": running.verdicts.get(number, [])}


def outcome() -> int:
    """Wait for the end of the run: 0 where its verdict is pass, 1 where it is fail. Fails for every other end: then
    nothing is known.
    """
    running = _there()
    running.until(lambda: False)
    code = running.process.wait()
    found = running.outcome
    if code in (PASS, FAIL) and found is not None and found.exit_code == code:
        return code
    reason = found.reason if found is not None else running.last_words()
    raise _failed(f"the run ended with exit code {code}, so nothing is known: {reason}")


def stop_plan() -> str:
    """End the run, should it not have ended by itself; its environment is taken down."""
    if _running is None:
        return "no plan was started"
    if _running.process.poll() is not None:
        return "the run was over"
    _running.process.terminate()
    try:
        _running.process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        raise _failed(f"the run did not end within {STOP_WITHIN:g} s of a signal: see `harness ps`") from None
    return "the run was ended"


class Running:
    """A plan under way in a process of its own, seen through its history."""

    def __init__(self, plan: Mapping[str, Any], stack: str, out: Path, override: Sequence[str]) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        self.directory = files.directory(out / f"chaostoolkit-{stamp}-{secrets.token_hex(3)}")
        file = files.write(self.directory / "plan.json", json.dumps(plan, indent=2))
        words = [*HARNESS, "plan", "run", str(file), stack, "--out", str(self.directory)]
        words += [word for one in override for word in ("--override", one)]
        # A file, because nobody reads a pipe while an activity pauses.
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT)
        self._read = 0
        self._torn = b""
        self.begun: dict[int, PlanStepStart] = {}
        self.ended: dict[int, bool] = {}
        self.verdicts: dict[int, list[dict[str, Any]]] = {}
        self.outcome: RunEnd | None = None

    def until(self, good: Callable[[], object]) -> None:
        """Follow the history until something is seen there, or the process has ended."""

        def look() -> bool:
            over = self.process.poll() is not None  # before the history is read, so that nothing is missed
            for event in self._events():
                self._see(event)
            return bool(good()) or over

        poll(look, within=LONGEST, every=LOOK_EVERY)

    def _events(self) -> Iterator[Event]:
        histories = [path for path in self.directory.glob("*/events.jsonl") if not path.parent.is_symlink()]
        if not histories:
            return
        with histories[0].open("rb") as file:
            file.seek(self._read)
            new = file.read()
        self._read += len(new)
        *lines, self._torn = (self._torn + new).split(b"\n")
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                yield Event.from_json(line.decode())

    def _see(self, event: Event) -> None:
        body = event.body
        if isinstance(body, PlanStepStart) and body.number is not None:
            self.begun[body.number] = body
        elif isinstance(body, PlanStepEnd) and body.number is not None:
            self.ended[body.number] = body.done
        elif isinstance(body, RunEnd):
            self.outcome = body
        elif isinstance(body, VerdictGiven) and event.plan_step is not None:
            said = {"check": body.check, "phase": event.phase, "outcome": body.outcome, "reason": body.reason}
            self.verdicts.setdefault(event.plan_step, []).append(said)

    def said(self, number: int) -> str:
        """What did not pass in a step."""
        bad = [one for one in self.verdicts.get(number, []) if one["outcome"] != "pass"]
        return "; ".join(f"{one['check']}: {one['reason']}" for one in bad)

    def last_words(self) -> str:
        """The end of what the process printed."""
        self._output.seek(0)
        text = visible(self._output.read().decode("utf-8", "replace"))[-TAIL:].strip()
        return f"the run ended with exit code {self.process.poll()}: {text or 'it said nothing'}"


def _there() -> Running:
    if _running is None:
        raise _failed("no plan was started: the activity start_plan comes first")
    return _running


def _failed(why: str) -> Exception:
    made: Exception = chaoslib("exceptions").ActivityFailed(why)
    return made
