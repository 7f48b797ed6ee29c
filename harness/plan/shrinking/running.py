"""The plans of a shrinking, each run in a process of its own and in a directory of its own."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

from harness.plan.plan import Plan
from harness.plan.plan_process import LIMIT, PlanOrder, PlanProcess
from harness.plan.shrinking.outcomes import Tried, digest
from harness.stack import Stack


@dataclass(frozen=True, slots=True)
class InProcesses:
    """Runs a plan once (`harness.plan.shrinking.slots.Try`).

    Attributes:
        stack: on which.
        seed: of what faults leave to chance, the same for all; None draws one each time.
        directory: in which each run gets its own.
        limit: seconds after which a run is stopped.
    """

    stack: Stack
    seed: int | None
    directory: Path
    limit: float = LIMIT

    def __call__(self, plan: Plan, stop: threading.Event) -> Tried:
        """Run it in a process; it is stopped, and cleans up, when the event is set."""
        order = PlanOrder(plan, self.stack.file, self.stack.overrides, self.seed, limit=self.limit)
        directory = self.directory / f"{digest(plan)[:8]}-{uuid.uuid4().hex[:8]}"
        found = PlanProcess(order, directory).wait(unless=stop)
        where = found.directory or directory
        return Tried(found.outcome, found.signature, found.step, found.reason, found.seconds, str(where))
