"""The plans of a campaign on a stack: how one is made, run in a process of its own, and cut down."""

from __future__ import annotations

import hashlib
import itertools
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import harness
from harness import files
from harness.chaos.records import About, Element, Finding, Shrunk
from harness.chaos.tasks import Came, Task
from harness.errors import UsageError, unwritable
from harness.plan.plan import Plan, of_data
from harness.plan.plan_process import PlanOrder, PlanProcess, PlanResult
from harness.plan.random import Bounds, generate
from harness.plan.random.draft import STAGES, Stage
from harness.plan.shrinking.outcomes import Outcomes
from harness.plan.shrinking.outcomes import Tried as Attempt
from harness.plan.shrinking.shrinker import Shrinker, ShrinkSettings
from harness.stack import Stack

SPACE_OF = 400  # plans from whose elements is told what can be tried at all
PATIENCE = 4.0, 300.0  # a plan is stopped after so many times its estimate, and so many seconds more
SHRINK_LIMIT = 600.0  # s for one try of a plan that is cut down
POLL_EVERY = 0.1  # s between two looks at whether a plan is to end
Stop = Callable[[], bool]


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
            harness.__version__, tuple(sorted(found, key=_in_order)),
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
        came = self._run(plan, task.seed, directory, stop.is_set, factor * task.seconds + more)
        return Came(came.outcome, came.reason, came.signature, came.directory, directory, came.seconds)

    def shrink(self, finding: Finding, stop: threading.Event, seconds: float) -> Shrunk | None:
        """Cut the first plan of a finding down, for so many seconds at most; None where that came to nothing. What came
        of each try is kept, so that it goes on where it was when it is called again.

        Raises:
            UsageError, NoSpace, Unwritable: what is kept of it cannot be read or written.
        """
        found = next((one for one in finding.plans if one.plan is not None), None)
        if found is None or found.plan is None:
            return None
        plan = of_data(found.plan, f"plan {found.number}")
        directory = self.runs / "shrinking" / hashlib.sha256(str(finding.signature).encode()).hexdigest()[:12]
        outcomes = Outcomes(directory / "outcomes.jsonl", {"stack": digest(self.stack), "plan": str(found.number)})
        numbers = itertools.count(1)

        def attempt(cut: Plan, given_up: threading.Event) -> Attempt:
            place = _unused(directory / str(next(numbers)))
            came = self._run(cut, found.seed, place, _either(stop, given_up), SHRINK_LIMIT)
            shutil.rmtree(place, ignore_errors=True)  # its outcome is kept, and the finding has its own runs
            return Attempt(came.outcome, came.signature, None, came.reason, came.seconds)

        settings = ShrinkSettings(jobs=self.jobs, seconds=seconds)
        shrinker = Shrinker(self.stack, attempt, outcomes, settings, ended=stop.is_set)
        try:
            cut = shrinker.shrink(plan, finding.signature)
        finally:
            outcomes.close()
        if not cut.confirmed.of:
            return None
        return Shrunk(
            cut.after.to_data(), len(cut.after.every), len(plan.every), cut.confirmed.failed, cut.confirmed.of,
            str(cut.confirmed), cut.finished,
        )  # fmt: skip

    def _run(self, plan: Plan, seed: int, directory: Path, stop: Stop, limit: float) -> PlanResult:
        order = PlanOrder(plan, self.stack.file, self.stack.overrides, seed=seed, limit=limit)
        try:
            files.directory(directory)
            process = PlanProcess(order, directory)
        except OSError as error:
            raise unwritable("A plan cannot be run", directory, error) from error
        with _when(stop, process.stop):
            return process.wait()


def _either(one: threading.Event, other: threading.Event) -> Stop:
    return lambda: one.is_set() or other.is_set()


@contextmanager
def _when(stop: Stop, act: Callable[[], object]) -> Iterator[None]:
    """Within the block, `act` is called once somebody asks for the end."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(POLL_EVERY):
            if stop():
                act()
                return

    watching = threading.Thread(target=watch, name="chaos-stop", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def _in_order(element: Element) -> tuple[int, str, str]:
    """Stages in the order of a plan."""
    what, stage, deployer = element
    return list(STAGES).index(cast(Stage, stage)), what, deployer


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
