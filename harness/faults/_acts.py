"""What faults share that change something in a replica: acts, which can be taken back by another process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from harness.errors import FaultUnavailable, HarnessError
from harness.faults import _selectors
from harness.faults._base import Active, Evidence, Fault, FaultContext
from harness.faults._keeper import KEEPER
from harness.faults._selectors import Selector
from harness.faults._undo import Undo, undo
from harness.signals import cleaning_up_after
from harness.stalls import Patience
from harness.waiting import poll

if TYPE_CHECKING:
    from harness.engine import Engine
    from harness.environment import Environment
    from harness.environment.replica import Replica

POLL_EVERY = 0.1  # s


@dataclass(frozen=True, slots=True)
class Seen:
    """What is to be seen of an act that is on.

    Attributes:
        effect: whether what it changed is as the fault has it; None where that cannot be told.
        touched: whether anybody met it; None where that cannot be told.
        said: in words: what was seen, or why nothing was.
        figures: the counters behind it.
    """

    effect: bool | None
    touched: bool | None
    said: str
    figures: Mapping[str, int | None] = field(default_factory=dict)


class Act(ABC):
    """What a fault does in one place. Making it changes nothing.

    Attributes:
        place: the replica.
        gone_within: seconds that it may take to be as before, once it is undone.
    """

    place: str
    gone_within: ClassVar[float] = 10.0

    @abstractmethod
    def undoing(self) -> Sequence[Undo]:
        """What takes it back, known before it is done. It may look, and keep in the replica what it needs then.

        Raises:
            FaultUnavailable: it cannot be done here.
        """

    @abstractmethod
    def do(self) -> None:
        """Do it. HarnessError where it does not take effect; then it is undone."""

    @abstractmethod
    def seen(self) -> Seen:
        """What is to be seen of it. HarnessError where nothing answers."""

    def back(self) -> None:  # noqa: B027 - most have nothing more to do
        """What else takes it back once it is undone, and only this process can do."""

    @abstractmethod
    def left(self) -> str | None:
        """What is still to be seen of it after it was undone; None for nothing. HarnessError where nothing answers."""


class ActiveActs:
    """Acts that are on."""

    def __init__(self, engine: Engine, acts: Sequence[Act]) -> None:
        self._engine, self._acts = engine, tuple(acts)
        self._on: list[tuple[int, Act, tuple[Undo, ...]]] = []
        self._notes: dict[str, str] = {}  # by place: why there was nothing to heal

    @property
    def places(self) -> tuple[str, ...]:
        """The replicas."""
        return tuple(act.place for act in self._acts)

    def put(self) -> None:
        """Do all of them; the keeper knows how each is taken back before it is done."""
        for act in self._acts:
            undoing = tuple(act.undoing())
            self._on.append((KEEPER.hold(undoing), act, undoing))
            act.do()

    def evidence(self) -> Evidence:
        """It bit where it took effect and was met, in one place at least."""
        seen = {act.place: act.seen() for act in self._acts}
        figures = {place: one.figures for place, one in seen.items()}
        if lost := [f"{place}: {one.said}" for place, one in seen.items() if one.effect is False]:
            said = "; ".join(lost)
            return Evidence(None, f"it is not in effect any more: {said}", figures)
        met = [f"{place} ({one.said})" for place, one in seen.items() if one.effect and one.touched]
        if met:
            return Evidence(True, "it touched " + ", ".join(met), figures)
        said = "; ".join(f"{place}: {one.said}" for place, one in seen.items())
        unknown = any(one.effect is None or one.touched is None for one in seen.values())
        return Evidence(None if unknown else False, said, figures)

    def heal(self) -> None:
        """Take them back, the last one first."""
        problem: HarnessError | None = None
        on, self._on = self._on, []
        for number, act, undoing in reversed(on):
            try:
                for one in reversed(undoing):
                    if note := undo(self._engine, one):
                        self._notes[act.place] = note
                act.back()
            except HarnessError as error:
                problem = problem or error
                self._on.insert(0, (number, act, undoing))
            else:
                KEEPER.let_go(number)
        if problem is not None:
            raise problem

    @property
    def note(self) -> str:
        """What is to be said of the healing: where there was nothing left to heal, and why."""
        return "; ".join(self._notes.values())

    def remains(self) -> str | None:
        """Look until nothing of it is left, for some seconds."""
        within = Patience(max((act.gone_within for act in self._acts), default=0.0))
        return poll(self._left, lambda left: left is None, within=within, every=POLL_EVERY)

    def _left(self) -> str | None:
        for act in self._acts:
            if act.place not in self._notes and (said := act.left()):
                return f"{act.place}: {said}"
        return None


def apply(engine: Engine, acts: Sequence[Act]) -> Active:
    """Do acts, all or none.

    Raises:
        HarnessError: one could not be done; those before it are taken back.
    """
    made = ActiveActs(engine, acts)
    try:
        made.put()
    except BaseException as error:
        with cleaning_up_after(error):
            made.heal()
        raise
    return made


class ReplicaFault(Fault):
    """A fault of replicas.

    Attributes:
        on: which; see docs/faults.md for selectors.
    """

    positional: ClassVar[tuple[str, ...]] = ("on",)

    on: Selector = Field(min_length=1)

    @abstractmethod
    def what(self) -> str:
        """The fault without its place: `a pause`."""

    @abstractmethod
    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one replica."""

    def title(self) -> str:
        """What it is and where."""
        return f"{self.what()} of {_selectors.shown(self.on)}"

    def replicas(self, context: FaultContext) -> list[Replica]:
        """Those that are meant."""
        names = _selectors.replicas(context.environment, self.on, context.chance)
        return [context.environment.replica(name) for name in names]

    def inject(self, context: FaultContext) -> Active:
        """Do it to every replica that is meant."""
        environment = context.environment
        return apply(environment.engine, [self.act(environment, one) for one in self.replicas(context)])


def unavailable(fault: str, where: str, why: str, expected: str, hint: str = "") -> FaultUnavailable:
    """The error of a fault that this machine, engine or stack cannot have."""
    return FaultUnavailable(
        f"The fault {fault} is not available here", where=where, got=why, expected=expected, hint=hint or None
    )
