"""A command of the deployer, given by one deployer or by two at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from harness.deploy import COMMAND, Deployer, Deployment, Running, RunsBeside, chosen
from harness.errors import UsageError
from harness.signals import cleaning_up_after
from harness.stack import Stack
from harness.stack.base import Whole

if TYPE_CHECKING:
    from harness.plan.trial import Trial

Deployers = Annotated[
    Whole, Field(ge=1, le=2, description="How many deployers are given the command at the same time.")
]


class Together:
    """Several runs of the deployer that are under way at the same time."""

    def __init__(self, running: Sequence[Running]) -> None:
        self._running = tuple(running)

    @property
    def ended(self) -> bool:
        """All of them are over."""
        return all(one.ended for one in self._running)

    def wait(self) -> Deployment:
        """Wait for the end of all; what the last one of them did."""
        found = list[Deployment]()
        for number, one in enumerate(self._running, 1):
            try:
                found.append(one.wait())
            except BaseException as error:
                with cleaning_up_after(error):
                    Together(self._running[number:]).stop()
                raise
        return found[-1]

    def stop(self) -> None:
        """Kill all of them where they stand; one that cannot be killed keeps none of the others alive."""
        with ExitStack() as stack:
            for one in reversed(self._running):
                stack.callback(one.stop)


def give(
    trial: Trial, verb: Literal["deploy", "rollback"], release: str | None, deployers: int = 1
) -> Running | Together:
    """Begin to deploy or to roll back.

    Raises:
        UsageError: nothing can work beside this deployer.
    """
    others = [_beside(trial) for _ in range(deployers - 1)]
    first = trial.deployer.start(verb, release)
    if not others:
        return first
    running = [first]
    try:
        running += [one.start(verb, release) for one in others]
    except BaseException as error:
        with cleaning_up_after(error):
            first.stop()
        raise
    return Together(running)


def _beside(trial: Trial) -> Deployer:
    if not isinstance(trial.deployer, RunsBeside):
        raise UsageError(
            "Two deployers cannot work at the same time", where=f"the deployer of {trial.stack.name}",
            got=type(trial.deployer).__name__, expected="a deployer that runs the team's own commands",
        )  # fmt: skip
    return trial.deployer.beside()


def said(deployers: int) -> str:
    """What the title of a step says of it."""
    return ", by two deployers at once" if deployers > 1 else ""


def refusal(stack: Stack, deployers: int) -> str | None:
    """Why a command cannot be given by so many; None where it can be."""
    if deployers == 1 or chosen(stack) == COMMAND:
        return None
    return "two deployers at once need commands of the stack's own; a built-in strategy never works beside itself"
