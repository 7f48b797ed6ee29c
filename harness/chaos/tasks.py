"""What the coordinator of a campaign is given: plans to run, how they are run, and who is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.chaos.records import Element, Finding, Kept, Shrunk, Tried
from harness.plan.signature import Signature
from harness.verdict import Outcome


@dataclass(frozen=True, slots=True)
class Task:
    """A plan that is to be run.

    Attributes:
        number, seed: of the plan. title: in words. plan: as its file has it.
        elements: what it tries. steps: how many it has. seconds: about as long as it takes.
    """

    number: int
    seed: int
    title: str
    plan: Mapping[str, Any]
    elements: tuple[Element, ...]
    steps: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a plan.

    Attributes:
        signature: where it failed. run: the directory of its run, where there is one.
        directory: of everything that it wrote, the run's among it.
    """

    outcome: Outcome
    reason: str
    signature: Signature | None = None
    run: Path | None = None
    directory: Path | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """When a campaign ends by itself.

    Attributes:
        seconds: after which no plan begins; None for no end. plans: how many begin; None for no end.
        until_failure: no plan begins after the first that failed.
        jobs: how many run at once.
        free: bytes that have to stay free where the runs are kept.
    """

    seconds: float | None = None
    plans: int | None = None
    until_failure: bool = False
    jobs: int = 1
    free: int = 0


class Observer(Protocol):
    """Who is told. In the coordinator's thread."""

    def begun(self, task: Task) -> None: ...
    def ended(self, task: Task, tried: Tried) -> None: ...
    def shrinking(self, signature: Signature) -> None: ...
    def shrunk(self, signature: Signature, shrunk: Shrunk | None) -> None: ...
    def note(self, text: str) -> None: ...
    def look(self, kept: Kept | None = None) -> None: ...


Make = Callable[[int, int], Task]  # number and seed
RunPlan = Callable[[Task, threading.Event], Came]  # in a thread; ends in good order when the event is set
Shrink = Callable[[Finding, threading.Event, float], Shrunk | None]  # in a thread; for so many seconds at most
