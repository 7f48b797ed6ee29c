"""What the mutators share that inject faults: which fault at which moment, and which of them go together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from harness.plan.random.draft import Draft, Leg, Moment, PlacedFault, Stage
from harness.plan.random.draws import Draws
from harness.plan.random.mutators._base import Ground, Mutator, Place

LEAST, MOST = 3, 8  # s that a fault is on where no command runs meanwhile
# Faults that leave the traffic of others alone, so that another one can be seen to bite at the same time.
GENTLE = ("latency", "cache.cold", "cache.stale", "cache.immortal", "process.cpu-quota", "log.rotated", "database.slow")
# Faults that only the deployer's own work meets.
OF_THE_DEPLOYER = ("deployment.", "cache.lost-invalidation")
# Faults within a container: where the deployer replaces it, they would be gone with it, and prove nothing.
WITHIN = ("process.", "log.", "disk.")
# Families that have a mutator of their own; whatever else a stack or a package brings is for `other-fault`.
KNOWN = ("", "http", "dns", "cache", "database", "process", "disk", "health", "log", "deployment")
Offer = tuple[int, str, Moment]  # a weight, a fault and a moment


class FaultMutator(Mutator):
    """Injects a fault at a stage, and heals it before anything is judged.

    Attributes:
        families: how the names of its faults begin; a fault without a family has `""`.
    """

    families: ClassVar[tuple[str, ...]]
    repeated: ClassVar[bool] = True

    def places(self, draft: Draft, ground: Ground) -> Iterator[Place]:
        """Every stage of every leg at which one of its faults can be."""
        mine = self._of(ground)
        for number, leg in enumerate(draft.legs if mine else ()):
            for stage in dict.fromkeys((leg.own, leg.half, leg.second, leg.later)):
                if any(self._offers(draft, Place(number, stage), ground, mine)):
                    yield Place(number, stage)

    def apply(self, draft: Draft, place: Place, ground: Ground, draws: Draws) -> Draft | None:
        """One of them."""
        name, moment = draws.weighted(
            [(weight, (one, when)) for weight, one, when in self._offers(draft, place, ground, self._of(ground))]
        )
        seconds = draws.between(LEAST, MOST) if moment in ("mixed", "after") else 0
        placed = PlacedFault({"fault": name, **ground.faults[name]}, moment, seconds)
        return draft.changed(place.leg, self.mutator_name(), faults=(*draft.legs[place.leg].faults, placed))

    def _of(self, ground: Ground) -> list[str]:
        return [name for name in ground.faults if self._mine(name)]

    def _offers(self, draft: Draft, place: Place, ground: Ground, mine: list[str]) -> Iterator[Offer]:
        leg = draft.legs[place.leg]
        moments = list(_moments(leg, place.stage, from_half=draft.from_half(place.leg), fleet=len(ground.fleet)))
        for name in mine:
            for weight, moment in moments:
                if _possible(name, moment, ground) and all(_together(name, moment, one) for one in leg.faults):
                    yield weight, name, moment

    def _mine(self, name: str) -> bool:
        return family_of(name) in self.families


def family_of(name: str) -> str:
    """The family of a fault; empty for one without."""
    family, dot, _ = name.partition(".")
    return family if dot else ""


def _moments(leg: Leg, stage: Stage, *, from_half: bool, fleet: int) -> Iterator[tuple[int, Moment]]:
    """When a fault can be on in a stage of a leg, each with its weight."""
    if stage == leg.own:
        yield 1, "whole"
        # From the first replica on: where none of them runs the release yet, and the deployer is not killed then.
        if not leg.stopped and not from_half and leg.own != "second-rollback" and fleet > 1:
            yield 2, "half"
    if stage == leg.half and leg.stopped:
        yield 1, "mixed"
    if stage == leg.second and leg.stopped and leg.completed:
        yield 2, "second"
    if stage == leg.later and leg.completed:
        yield 1, "after"


def _possible(name: str, moment: Moment, ground: Ground) -> bool:
    if name.startswith(OF_THE_DEPLOYER) and moment in ("mixed", "after"):
        return False
    return not (ground.replaces and name.startswith(WITHIN) and moment in ("whole", "half", "second"))


def _together(name: str, moment: Moment, other: PlacedFault) -> bool:
    """Whether a fault can be in a leg beside another one: only gentle ones of two families at the same time, because
    what cuts a link keeps others from biting there.
    """
    if not _overlap(moment, other.moment):
        return True
    families = {one.partition(".")[0] for one in (name, other.name)}
    return name in GENTLE and other.name in GENTLE and len(families) > 1 and (moment, other.moment) != ("half", "half")


def _overlap(one: Moment, other: Moment) -> bool:
    """Whether faults at two moments of a leg are on at the same time. Those that are on for their own sake, while no
    command runs, come one after the other.
    """
    if one == other:
        return one not in ("mixed", "after")
    return "whole" in (one, other) and "after" not in (one, other)
