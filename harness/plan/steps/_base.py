"""What a step of a plan is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, PlainSerializer

from harness import faults
from harness.errors import UsageError
from harness.stack import Stack
from harness.stack.base import Rate, Seconds, Word, wrong
from harness.stack.xharness.base import Block

if TYPE_CHECKING:
    from harness.plan.trial import Trial

# What steps need and give, in the words of the message that refuses a plan.
LOAD = "the load"
CONTROL = "the control"
DEPLOYED = "a deployment"
FAULT = "the fault "  # and its name
EXPERIMENT = "the experiment"
LEFT = (DEPLOYED, EXPERIMENT)  # what there is also after a step that broke: it may have done something

Duration = Annotated[Seconds, PlainSerializer(lambda value: f"{value:g}s")]
"""Seconds in Python, `1.5s` in a file."""
PerSecond = Annotated[Rate, PlainSerializer(lambda value: f"{value:g}/s")]
"""Per second in Python, `50/s` in a file."""
PhaseName = Annotated[Word, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]


def phase(name: str) -> str:
    """What a step gives that measures a phase, and a step needs that judges it."""
    return f"the phase {name}"


def fingerprint(name: str) -> str:
    """What a step gives that takes a fingerprint."""
    return f"the fingerprint of {name}"


def known_fault(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A fault as a step holds it; refused where there is none of this name, or its parameters are not such."""
    try:
        faults.from_data(data)
    except UsageError as error:
        raise wrong(f"{error.expected or 'a fault'} ({error.what})") from None
    return data


FaultData = Annotated[Mapping[str, Any], AfterValidator(known_fault)]
"""A fault and its parameters: `{fault: latency, from: backend-2, to: cache, ms: 300}`."""


def fault(name: str) -> str:
    """What a step gives that injects a fault."""
    return f"{FAULT}{name}"


class PlanEnded(Exception):
    """The plan is over, because nothing that follows would mean anything: no error, the verdicts say why."""


@dataclass(slots=True)
class Progress:
    """What a plan under way knows beside what its trial has.

    Attributes:
        last: of each phase of the plan, the name under which it was measured last: another one, where the machine
            stood still in the first.
        began: of each phase, when it began, by the history's clock.
        faults: those that are on, by the name that the plan gives them.
        experiment: of the Chaos Toolkit, that is under way: `harness.chaostoolkit.session.Session`.
        hurried: a signal, or the loss of the engine, ended the plan: nothing is waited for any more.
        closing: what is done when the plan ends, however it ends, after the faults were healed.
    """

    last: dict[str, str] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)
    faults: dict[str, ExitStack] = field(default_factory=dict)
    experiment: object = None
    hurried: bool = False
    closing: ExitStack = field(default_factory=ExitStack)

    def of(self, name: str) -> str:
        """The name under which a phase was measured last."""
        return self.last.get(name, name)


class Step(Block, ABC):
    """A step of a plan: pure data, which a runner runs. Subclasses add their parameters as fields.

    Attributes:
        changes: whether it may change which release a replica runs; the runner asks each before and after it.
        declared: what the stack has to declare for it, of `harness.plan.needs`.
    """

    changes: ClassVar[bool] = False
    declared: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def step_name(cls) -> str:
        """Its name, from its module's."""
        return cls.__module__.rpartition(".")[2].replace("_", "-")

    @property
    def about(self) -> str:
        """The phase that it is about; empty where it is about none."""
        return str(getattr(self, "phase", ""))

    @abstractmethod
    def title(self) -> str:
        """What it does, in words: `deploy 4.1.1`."""

    def details(self) -> Iterator[str]:
        """Further lines of the printed plan."""
        yield from ()

    @property
    def in_any_case(self) -> bool:
        """Whether it is run, as a final step, also where a signal or the loss of the engine ended the plan. Then the
        environment may be gone.
        """
        return False

    def requires(self) -> tuple[str, ...]:
        """What steps before it must have given."""
        return ()

    def provides(self) -> tuple[str, ...]:
        """What it gives to steps after it."""
        return ()

    def removes(self) -> tuple[str, ...]:
        """What is no longer there after it."""
        return ()

    def problem(self, stack: Stack) -> str | None:  # noqa: ARG002 - for those that look
        """Why it cannot be run on a stack; None where it can be."""
        return None

    def adapted(self, stack: Stack) -> Step | None:  # noqa: ARG002 - for those that ask checks
        """The same with what the stack says of its checks (`x-harness: checks`); None where nothing is left to do."""
        return self

    @abstractmethod
    def run(self, trial: Trial, progress: Progress) -> None:
        """Do it, and judge what it is to judge.

        Raises:
            Ended: the rest of the plan must not run. HarnessError: it could not be done.
        """

    def to_data(self) -> dict[str, Any]:
        """As a plan's file has it. Only what differs from the defaults."""
        return {"step": self.step_name(), **self.model_dump(mode="json", by_alias=True, exclude_defaults=True)}


class InPhase(Step, ABC):
    """A step that measures a phase of its own."""

    phase: PhaseName = Field(description="The phase that it measures: a name of its own, which checks refer to.")

    def provides(self) -> tuple[str, ...]:
        """Its phase."""
        return (phase(self.phase),)
