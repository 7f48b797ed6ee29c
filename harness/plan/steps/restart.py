"""Restart replicas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.plan.steps._base import InPhase, Progress
from harness.stack import Stack
from harness.stack.base import Word

if TYPE_CHECKING:
    from harness.plan.trial import Trial


class Restart(InPhase):
    """Stop the containers of replicas and start them again, one after the other; each must be ready before the next."""

    changes = True

    replicas: tuple[Word, ...] = Field(min_length=1, description="Which, by name.")

    def title(self) -> str:
        """What it does."""
        return "restart " + ", ".join(self.replicas)

    def problem(self, stack: Stack) -> str | None:
        """The stack has no such replica."""
        known = [name for service in stack.services.values() for name in service.replica_names()]
        strange = [name for name in self.replicas if name not in known]
        return f"the stack has no replica {strange[0]}; it has {', '.join(known)}" if strange else None

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        """Restart them."""
        from harness.environment.readiness import wait_ready

        with trial.phase(self.phase):
            for name in self.replicas:
                replica = trial.environment.replica(name)
                replica.close(end=False)
                replica.stop()
                replica.changed.clear()  # of its end, which is meant; another one wakes the wait
                replica.begin()
                wait_ready(replica, replica.health, trial.history.clock, lambda: False)
