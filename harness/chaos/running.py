"""The plans of a campaign on a stack: how one is made, run in a process of its own, and cut down."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import harness
from harness import files
from harness.chaos.ledger import Ledger
from harness.chaos.records import About, Element, Finding, Shrunk
from harness.chaos.tasks import Came, Task
from harness.errors import unwritable
from harness.plan.pace import LAST, Pace
from harness.plan.plan import Plan, of_data
from harness.plan.plan_process import PlanOrder, PlanProcess
from harness.plan.random import Bounds, generate
from harness.plan.random.draft import STAGES, Stage
from harness.plan.shrinking.outcomes import Outcomes
from harness.plan.shrinking.outcomes import Tried as Attempt
from harness.plan.shrinking.outcomes import digest as plan_digest
from harness.plan.shrinking.running import InProcesses
from harness.plan.shrinking.shrinker import Shrinker, ShrinkSettings
from harness.stack import Stack
from harness.stack.digest import digests

SPACE_OF = 400  # plans from whose elements is told what can be tried at all
PATIENCE = 4.0, 300.0  # a plan is stopped after so many times its estimate, and so many seconds more
SHRINK_LIMIT = 600.0  # s for one try of a plan that is cut down


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

    def pace(self, ledger: Ledger, about: About) -> Pace:
        """How long plans took on this stack, as far as a ledger has some of them that this version makes again."""
        found = Pace()
        kept = [ledger.campaign(name) for name in ledger.ids()]
        same = [one for one in kept if _plain(one.about) == _plain(about)]
        ran = [(plan, Bounds(one.about.steps, one.about.seconds)) for one in same for plan in one.plans if plan.judged]
        for plan, bounds in sorted(ran, key=lambda pair: pair[0].began)[-LAST:]:
            found.took(generate(self.stack, self.old, self.new, plan.seed, bounds).seconds, plan.seconds)
        return found

    def run(self, task: Task, stop: threading.Event) -> Came:
        """Run it in a process of its own; it ends in good order when the event is set.

        Raises:
            Unwritable, NoSpace: its directory cannot be made.
        """
        factor, more = PATIENCE
        plan, limit = of_data(task.plan, f"plan {task.number}"), factor * task.seconds + more
        order = PlanOrder(plan, self.stack.file, self.stack.overrides, seed=task.seed, limit=limit)
        directory = _unused(self.runs / str(task.number))
        try:
            files.directory(directory)
            process = PlanProcess(order, directory)
        except OSError as error:
            raise unwritable("A plan cannot be run", directory, error) from error
        came = process.wait(unless=stop)
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
        place = self.runs / "shrinking" / hashlib.sha256(str(finding.signature).encode()).hexdigest()[:12]
        outcomes = Outcomes(place / "outcomes.jsonl", {"plan": plan_digest(plan), **digests(self.stack)})
        once = InProcesses(self.stack, found.seed, place / "tries", SHRINK_LIMIT)

        def attempt(cut: Plan, stop: threading.Event) -> Attempt:
            tried = once(cut, stop)
            if tried.directory:  # its outcome is kept, and the finding has runs of its own
                shutil.rmtree(Path(tried.directory), ignore_errors=True)
            return tried

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


def _plain(about: About) -> About:
    """What campaigns on the same stack have in common."""
    return replace(about, seed=0, steps=0, seconds=0.0, space=())


def _in_order(element: Element) -> tuple[int, str, str]:
    """Stages in the order of a plan."""
    what, stage, deployer = element
    return list(STAGES).index(cast(Stage, stage)), what, deployer


def digest(stack: Stack) -> str:
    """SHA-256 over all that a stack says (`harness.stack.digest`)."""
    return hashlib.sha256(json.dumps(digests(stack), sort_keys=True).encode()).hexdigest()


def _unused(path: Path) -> Path:
    return next(
        one for number in itertools.count(1) if not (one := path if number == 1 else Path(f"{path}-{number}")).exists()
    )
