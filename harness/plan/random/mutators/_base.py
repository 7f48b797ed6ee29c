"""What a mutator is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple

from harness.plan.random.draft import STAGES, Draft, Stage
from harness.plan.random.draws import Draws


@dataclass(frozen=True, slots=True)
class Ground:
    """What a stack has that mutators can use.

    Attributes:
        fleet: the replicas that a deployment changes, by name.
        faults: those that the stack can have, with their parameters, by name.
        replaces: the deployer puts containers in the place of others, so that what is in one does not stay.
        doubles: the load can be doubled: it has one rate.
        beside: two deployers can work at the same time.
    """

    fleet: tuple[str, ...]
    faults: Mapping[str, Mapping[str, Any]]
    replaces: bool
    doubles: bool
    beside: bool


class Place(NamedTuple):
    """Where a mutator can change a draft: a leg by its number, and the stage that it is about."""

    leg: int
    stage: Stage


class Mutator(ABC):
    """Changes a draft in one respect. It has no state, and draws from nothing but what it is given.

    Attributes:
        weight: how often it is drawn, compared with the others that can change a draft; then the stage is drawn, by its
            own weight.
        stages: those at which it applies.
        excludes: the mutators that may not have changed the same leg. It holds both ways. A mutator changes a leg once,
            unless it is `repeated`.
        repeated: it may change a leg more than once.
    """

    weight: ClassVar[int]
    stages: ClassVar[tuple[Stage, ...]] = tuple(STAGES)
    excludes: ClassVar[tuple[str, ...]] = ()
    repeated: ClassVar[bool] = False

    @classmethod
    @cache
    def mutator_name(cls) -> str:
        """Its name, from its module's."""
        return cls.__module__.rpartition(".")[2].replace("_", "-")

    @abstractmethod
    def places(self, draft: Draft, ground: Ground) -> Iterator[Place]:
        """Where it can change the draft, in a fixed order; those of other stages than its own are left out."""

    @abstractmethod
    def apply(self, draft: Draft, place: Place, ground: Ground, draws: Draws) -> Draft | None:
        """The draft, changed there; None where what it drew does not go with what is there."""
