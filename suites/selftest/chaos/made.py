"""Campaigns without environments: plans that are numbers, and a table of what comes of each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.chaos.campaign import Campaign
from harness.chaos.ledger import Ledger
from harness.chaos.records import About, Element, Finding, Kept, Shrunk, Tried
from harness.chaos.tasks import Came, Limits, Task
from harness.plan.signature import Signature
from harness.verdict import Outcome

SPACE: tuple[Element, ...] = (
    ("latency", "rollback", "command"), ("latency", "deploy", "command"), ("cache.stale", "rollback", "command"),
)  # fmt: skip
ABOUT = About("tiny", "ab" * 32, "1.0.0", "1.1.0", seed=1, steps=20, seconds=60.0, harness="0.3.0", space=SPACE)
LOST_LOG = Signature("logs", "a log stopped", "web")


def plan(number: int, outcome: Outcome = Outcome.PASS, **more: Any) -> Tried:
    """A plan that has ended."""
    failed = LOST_LOG if outcome is Outcome.FAIL else None
    made = Tried(number, 1000 + number, SPACE[:1], 20, "done", outcome, failed, "because", began=float(number))
    return replace(made, **more)


def make(number: int, seed: int) -> Task:
    """A plan."""
    return Task(number, seed, f"plan {number}", {"name": f"plan-{number}"}, (SPACE[number % 3],), 20, 1.0)


@dataclass
class Told:
    """What an observer was told."""

    begun_: list[int] = field(default_factory=list)
    ended_: dict[int, Outcome] = field(default_factory=dict)
    shrunk_: list[Signature] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    when_ended: Callable[[int], object] = int

    def begun(self, task: Task) -> None:
        self.begun_.append(task.number)

    def ended(self, task: Task, tried: Tried) -> None:
        self.ended_[task.number] = tried.outcome
        self.when_ended(task.number)

    def shrinking(self, signature: Signature) -> None:
        """It begins."""

    def shrunk(self, signature: Signature, shrunk: Shrunk | None) -> None:
        if shrunk is not None:
            self.shrunk_.append(signature)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def look(self, kept: Kept | None = None) -> None:
        """It goes on."""


class Runner:
    """Runs plans: each comes to what the table says, and else passes.

    Attributes:
        hold: while it is set, plans wait for it to be cleared, or to be told to end.
    """

    def __init__(self, table: Mapping[int, Came | Exception] | None = None, runs: Path | None = None) -> None:
        self.table, self.runs = dict(table or {}), runs
        self.ran: list[int] = []
        self.stopped: list[int] = []
        self.hold = threading.Event()
        self.held = threading.Semaphore(0)

    def __call__(self, task: Task, stop: threading.Event) -> Came:
        self.ran.append(task.number)
        while self.hold.is_set():
            self.held.release()
            if stop.wait(0.01):
                self.stopped.append(task.number)
                return Came(Outcome.UNKNOWN, "it was told to end")
        found = self.table.get(task.number, Came(Outcome.PASS, "all is well", seconds=1.0))
        if isinstance(found, Exception):
            raise found
        if self.runs is not None:
            run = self.runs / f"run-{task.number}"
            run.mkdir()
            return replace(found, run=run, directory=run)
        return found


def shrink(finding: Finding, stop: threading.Event, seconds: float) -> Shrunk:
    """Cut down to one step."""
    return Shrunk({"name": "small"}, 1, finding.plans[0].steps, 9, 10, "fails 9 of 10", complete=True)


def campaign(
    ledger: Ledger, tmp_path: Path, runner: Runner, *, told: Told | None = None, about: About = ABOUT, **more: Any
) -> Campaign:
    """A campaign of six plans, unless the limits say otherwise."""
    limits = more.pop("limits", Limits(plans=6, jobs=2))
    return Campaign(
        ledger, about, make, runner, limits, told or Told(), runs=tmp_path, lever=tmp_path / "lever",
        shrink=more.pop("shrink", shrink), **more,
    )  # fmt: skip
