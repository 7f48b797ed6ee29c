"""The plans of a campaign on a stack: how one is made, run in a process of its own, and cut down."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import harness
from harness import files
from harness.chaos.records import About, Element, Finding, Shrunk
from harness.chaos.tasks import Came, Task
from harness.errors import UsageError, unwritable
from harness.plan.plan import Plan, of_data
from harness.plan.plan_process import PlanOrder, PlanProcess, PlanResult
from harness.plan.random import Bounds, generate
from harness.plan.shrinking import Shrinking
from harness.stack import Stack

T = TypeVar("T")
SPACE_OF = 400  # plans from whose elements is told what can be tried at all
PATIENCE = 4.0, 300.0  # a plan is stopped after so many times its estimate, and so many seconds more
JOINS = 1.0  # s


@dataclass(frozen=True, slots=True)
class StackPlans:
    """Plans on a stack.

    Attributes:
        old, new: the releases. bounds: of each plan. runs: the directory in which each plan gets its own.
        jobs: how many processes may run for one finding while it is cut down.
    """

    stack: Stack
    old: str
    new: str
    bounds: Bounds
    runs: Path
    jobs: int = 1

    def about(self, seed: int) -> About:
        """What makes the campaign.

        Raises:
            UsageError: the stack has no random plans.
        """
        found: dict[Element, None] = {}
        for number in range(SPACE_OF):
            drawn = generate(self.stack, self.old, self.new, number, self.bounds)
            found.update(dict.fromkeys((one.what, str(one.stage), one.deployer) for one in drawn.elements))
        return About(
            self.stack.name, digest(self.stack), self.old, self.new, seed, self.bounds.steps, self.bounds.seconds,
            harness.__version__, tuple(sorted(found)),
        )  # fmt: skip

    def make(self, number: int, seed: int) -> Task:
        """The plan of a number."""
        drawn = generate(self.stack, self.old, self.new, seed, self.bounds)
        elements = tuple((one.what, str(one.stage), one.deployer) for one in drawn.elements)
        plan = drawn.plan
        title = ", ".join(dict.fromkeys(f"{what} at {stage}" for what, stage, _ in elements)) or plan.title
        return Task(number, seed, title, plan.to_data(), elements, len(plan.every), drawn.seconds)

    def run(self, task: Task, stop: threading.Event) -> Came:
        """Run it in a process of its own; it ends in good order when the event is set.

        Raises:
            Unwritable, NoSpace: its directory cannot be made.
        """
        factor, more = PATIENCE
        plan = of_data(task.plan, f"plan {task.number}")
        directory = _unused(self.runs / str(task.number))
        came = self._run(plan, task.seed, directory, stop, factor * task.seconds + more)
        return Came(came.outcome, came.reason, came.signature, came.directory, directory, came.seconds)

    def _run(self, plan: Plan, seed: int, directory: Path, stop: threading.Event, limit: float) -> PlanResult:
        order = PlanOrder(plan, self.stack.file, self.stack.overrides, seed=seed, limit=limit)
        try:
            files.directory(directory)
            process = PlanProcess(order, directory)
        except OSError as error:
            raise unwritable("A plan cannot be run", directory, error) from error
        with _when(stop, process.stop):
            return process.wait()


@contextmanager
def _when(event: threading.Event, act: Callable[[], object]) -> Iterator[None]:
    """Within the block, `act` is called when the event is set."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            if event.wait(0.1):
                act()
                return

    watching = threading.Thread(target=watch, name="chaos-stop", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join(JOINS)


def digest(stack: Stack) -> str:
    """SHA-256 over the Compose files that declare a stack: their contents in order, whatever their place."""
    made = hashlib.sha256()
    for path in (stack.file, *stack.overrides):
        try:
            made.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError as error:
            raise UsageError("A file of the stack cannot be read", where=str(path), got=error.strerror) from error
    return made.hexdigest()


def _unused(path: Path) -> Path:
    return next(
        one for number in itertools.count(1) if not (one := path if number == 1 else Path(f"{path}-{number}")).exists()
    )
