"""Replicas that need no container: they answer, end and log as a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.clock import SystemClock
from harness.engine import ContainerState
from harness.environment.shell import Answer
from harness.errors import HarnessError
from harness.stack import Healthcheck, Service, Stack

GOOD = Answer(0, "", "", 0.001)
CHECK = Healthcheck(test=("CMD", "curl", "-f", "http://x y"), interval=1.0, timeout=2.0, retries=5, start_period=3.0)


def bad(code: int = 7, stdout: str = "", stderr: str = "refused") -> Answer:
    return Answer(code, stdout, stderr, 0.001)


def state(status: str = "running", exit_code: int | None = None, *, oom_killed: bool = False) -> ContainerState:
    return ContainerState(status, status == "running", exit_code, oom_killed, "", 1, "")


def stack(**services: dict[str, Any]) -> Stack:
    """A stack of services, each given by its fields."""
    return Stack(
        name="made",
        file=Path("/made/compose.yaml"),
        services={name: Service(name=name, **{"image": "x", **fields}) for name, fields in services.items()},
    )


class FakeReplica:
    """Gives one answer after the other, and the last one for ever; an exception is raised.

    Args:
        on_run, on_begin: called at each command, and at the start.
    """

    def __init__(
        self,
        name: str = "web-1",
        answers: Sequence[Answer | Exception] = (GOOD,),
        *,
        declared: Service | None = None,
        health: Healthcheck | None = None,
        log: str | HarnessError = "one\ntwo\n",
        states: Sequence[ContainerState] = (state(),),
        on_run: Callable[[float], object] = float,
        on_begin: Callable[[str], object] = str,
    ) -> None:
        self.runs = 1
        self.name, self.health = name, health
        self.declared = declared or Service(name=name.rsplit("-", 1)[0], image="x")
        self.changed = threading.Event()
        self.asked: list[str] = []
        self.answers, self.states = list(answers), list(states)
        self.log, self.lines = log, 0
        self._on_run, self._on_begin = on_run, on_begin

    @property
    def service(self) -> str:
        return self.declared.name

    def run(self, command: str, timeout: float = 10.0) -> Answer:
        assert len(self.asked) < 1000, "asked without an end"
        self.asked.append(command)
        self._on_run(timeout)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def begin(self) -> None:
        self._on_begin(self.name)

    def state(self) -> ContainerState:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def ended(self) -> str | None:
        now = self.state()
        return None if now.running else f"exited with code {now.exit_code}"

    def tail(self, lines: int) -> str:
        self.lines = lines
        if isinstance(self.log, HarnessError):
            raise self.log
        return self.log


class UntilWoken(SystemClock):
    """Whose pauses end only when they are woken."""

    def wait(self, woken: threading.Event, seconds: float) -> bool:  # noqa: ARG002 - the clock's signature
        assert woken.wait(30), "nobody woke the pause"
        return True
