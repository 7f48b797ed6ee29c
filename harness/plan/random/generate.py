"""Random plans from a seed. Pure: the same stack, releases, seed and bounds give the same plan, on every machine."""

from __future__ import annotations

from dataclasses import dataclass

from harness.deploy import COMMAND, built_in, chosen
from harness.errors import UsageError
from harness.plan.cases import possible
from harness.plan.gate import Gate
from harness.plan.plan import Plan
from harness.plan.random import mutators
from harness.plan.random.draft import STAGES, Draft, Element
from harness.plan.random.draws import Draws
from harness.plan.random.estimate import seconds
from harness.plan.random.mutators import Ground, Mutator, Place
from harness.plan.random.writing import written
from harness.stack import Stack

# Faults that only meet what no stack declares: whether any key of a cache expires, whether several are written at once.
# One that the stack names is drawn.
UNDECLARED = ("cache.immortal", "cache.torn")
LEAST, MOST = 3, 8  # changes that are drawn for a plan; those that do not fit are left out


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a plan may be.

    Attributes:
        steps: of them, the final ones included.
        seconds: that it takes, as `harness.plan.random.estimate` has it.
    """

    steps: int = 60
    seconds: float = 180.0


@dataclass(frozen=True, slots=True)
class RandomPlan:
    """A plan that was drawn.

    Attributes:
        plan: checked against the stack.
        seed: that it was drawn from.
        seconds: about how long it takes.
        elements: what it tests: a fault or an act, a stage, and the kind of deployer; each once.
    """

    plan: Plan
    seed: int
    seconds: float
    elements: tuple[Element, ...]


def generate(stack: Stack, old: str, new: str, seed: int, bounds: Bounds | None = None) -> RandomPlan:
    """Draw a plan.

    Args:
        stack: for which it is.
        old, new: the release that runs, and the one that is deployed and taken back.
        seed: from 0 on.
        bounds: how long it may be; the defaults of `Bounds` if left out.

    Raises:
        UsageError: the stack lacks something that every plan needs, the new release cannot be taken back, or not even
            the base plan is within the bounds.
    """
    gate, limits, draws = Gate(stack, old, new), bounds or Bounds(), Draws(seed)
    if gate.one_way is not None:
        raise UsageError(
            "A release that cannot be taken back has no random plans",
            where=f"{stack.file}: x-harness.deployer.one-way",
            got=f"{new}: {gate.one_way}",
            expected="a release that can be rolled back: every random plan ends on the old one",
            hint="`harness gate` tests that its rollback is refused",
        )
    ground, kind, name = _ground(stack, old, new), chosen(stack) or "none", f"random-{seed}"
    draft = Draft.base()
    found = _fitting(gate, draft, name, ground, limits)
    if found is None:
        raise _too_narrow(gate, draft, name, ground, limits)
    found.check(stack)  # what every plan needs of the stack
    known = tuple(mutators.find(one)() for one in mutators.names())
    for _ in range(draws.between(LEAST, MOST)):
        changed = _mutated(draft, known, ground, draws)
        fits = None if changed is None else _fitting(gate, changed, name, ground, limits)
        if changed is not None and fits is not None:
            draft, found = changed, fits
    return RandomPlan(found, seed, seconds(found.every, len(ground.fleet)), draft.elements(kind))


def _mutated(draft: Draft, known: tuple[Mutator, ...], ground: Ground, draws: Draws) -> Draft | None:
    """The draft with one change more; None where the one that was drawn does not go with what is there."""
    offers = [(one.weight, (one, found)) for one in known if (found := _places(one, draft, ground, known))]
    if not offers:
        return None
    mutator, places = draws.weighted(offers)
    place = draws.weighted([(STAGES[one.stage], one) for one in places])
    return mutator.apply(draft, place, ground, draws)


def _places(one: Mutator, draft: Draft, ground: Ground, known: tuple[Mutator, ...]) -> list[Place]:
    return [place for place in one.places(draft, ground) if _allowed(one, place, draft, known)]


def _allowed(one: Mutator, place: Place, draft: Draft, known: tuple[Mutator, ...]) -> bool:
    """Whether a mutator may change a leg beside those that have."""
    name = one.mutator_name()
    there = draft.mutated[place.leg] if place.leg < len(draft.mutated) else ()
    if place.stage not in one.stages or (name in there and not one.repeated):
        return False
    others = [other for other in known if other.mutator_name() in there]
    return not any(other.mutator_name() in one.excludes or name in other.excludes for other in others)


def _fitting(gate: Gate, draft: Draft, name: str, ground: Ground, bounds: Bounds) -> Plan | None:
    """The plan of a draft; None where it is too long or makes no sense, as that of another package's mutator may."""
    made = written(gate, draft, name)
    if len(made.every) > bounds.steps or seconds(made.every, len(ground.fleet)) > bounds.seconds:
        return None
    if draft.mutated != Draft.base().mutated:
        try:
            made.check(gate.stack)
        except UsageError:
            return None
    return made


def _too_narrow(gate: Gate, draft: Draft, name: str, ground: Ground, bounds: Bounds) -> UsageError:
    made = written(gate, draft, name)
    return UsageError(
        "No random plan is within these bounds",
        got=f"{bounds.steps} steps and {bounds.seconds:g} s",
        expected=f"{len(made.every)} steps and {seconds(made.every, len(ground.fleet)):g} s at least: there and back",
        hint="widen them",
    )


def _ground(stack: Stack, old: str, new: str) -> Ground:
    services = list(stack.harness.probes.release)
    if built_in(stack):
        services += [name for name in stack.differing_images(old, new) if name not in services]
    fleet = tuple(name for service in services for name in stack.services[service].replica_names())
    load = stack.harness.workload
    doubles = load is not None and load.ramp is None and not load.steps and load.replay is None
    named = stack.harness.faults.more
    known = {name: given for name, given in possible(stack).items() if name not in UNDECLARED or name in named}
    return Ground(fleet, known, built_in(stack), doubles, chosen(stack) == COMMAND)
