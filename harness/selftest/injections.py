"""Everything that can be spoilt, and the table of runs that is drawn from it by a seed.

The whole product of targets, actions, phases and variants has thousands of runs. The table goes round: in each round
every target is spoilt once by every action that it has, in an order, a phase and a variant that the seed decides. So
every table that is as long as a round has all of them, and the n-th run of a seed is always the same.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from harness.selftest.seams.files import AT_REST_ACTIONS
from harness.selftest.seams.trigger import MEASURED, PHASES, SAVED, STARTUP, SeamSpec
from harness.selftest.table import Case
from harness.selftest.variants import GateVariant, Variants

BYTES = ("delay", "duplicate", "truncate", "garble", "drop", "stop")
PROCESS = ("stop", "kill")
WRITES = ("drop", "duplicate", "truncate", "garble", "delay", "full")
HALF = "half-"
CLEAN = 0.4  # of the runs are of a clean variant


@dataclass(frozen=True, slots=True)
class SeamTarget:
    """Something that can be spoilt.

    Attributes:
        name: of it.
        about: what it is, in a few words.
        actions: how it can be spoilt.
        phases: when.
        rare: it is there, or happens, only now and then: none of it is let pass first.
        control: it needs a gate with a control.
    """

    name: str
    about: str
    actions: tuple[str, ...]
    phases: tuple[str, ...] = PHASES
    rare: bool = False
    control: bool = False


_MOVES = tuple(phase for phase in PHASES if phase.endswith(("deploy", "rollback")))
_WATCHED = tuple(phase for phase in PHASES if phase not in _MOVES)
_COMPARED = ("deploy", "deployed", "rollback", *MEASURED)
_SETTLED = tuple(phase for phase in _WATCHED if not phase.endswith("baseline"))
_ANY = (STARTUP, *PHASES)

TARGETS = (
    SeamTarget("generator", "the load generator's process", PROCESS),
    SeamTarget("generator-reports", "what the generator reports", BYTES),
    SeamTarget("control", "the control's process", PROCESS, _COMPARED, control=True),
    SeamTarget("control-generator", "the load generator of the control", PROCESS, _COMPARED, control=True),
    SeamTarget("harness", "the gate's own process", PROCESS, _ANY),
    SeamTarget("door", "the container that every link passes through", PROCESS),
    SeamTarget("witness", "the witness of the machine, in the door", PROCESS),
    SeamTarget("witness-answers", "what the witness reports", BYTES),
    SeamTarget("shell", "a shell that is kept open in a replica", PROCESS),
    SeamTarget("shell-answers", "what shells answer", BYTES, _ANY),
    SeamTarget("wire", "the engine's streams, with their frames", BYTES, _ANY),
    SeamTarget("deployer", "the deployer's process", PROCESS, _MOVES, rare=True),
    SeamTarget("deployer-output", "what the deployer writes", BYTES, _MOVES, rare=True),
    SeamTarget(
        "sampler", "who looks at everything once a second", ("delay", "stop", "kill", "drop", "duplicate"), rare=True
    ),
    SeamTarget("sampler-program", "a program that the sampler keeps in a replica", PROCESS),
    SeamTarget("sampler-answers", "what these programs answer", BYTES),
    SeamTarget("follower", "who follows the logs", ("delay", "stop", "kill", "drop", "duplicate"), _WATCHED),
    SeamTarget("log-answers", "what is read of the logs", BYTES, _WATCHED),
    SeamTarget("engine-answers", "what the engine answers", (*BYTES, "kill"), _ANY),
    SeamTarget("proxy-answers", "what the proxy answers", (*BYTES, "kill"), (STARTUP,)),
    SeamTarget("events", "the stream of the engine's events", ("kill",), PHASES),
    SeamTarget("event", "one of the engine's events", ("delay", "duplicate", "drop"), (STARTUP,), rare=True),
    SeamTarget("history-writes", "events as they are written", WRITES, _ANY),
    SeamTarget("history-file", "the history where it lies", AT_REST_ACTIONS, (*PHASES, SAVED)),
    SeamTarget("samples-writes", "samples as they are written", WRITES),
    SeamTarget("samples-file", "the samples where they lie", AT_REST_ACTIONS, (*PHASES, SAVED)),
    SeamTarget("promises-writes", "promises as they are written", WRITES),
    SeamTarget("promises-file", "the promises where they lie", AT_REST_ACTIONS, (*PHASES, SAVED)),
    SeamTarget("readback-writes", "a readback as it is written", WRITES, _SETTLED, rare=True),
    SeamTarget("readback-file", "a readback where it lies", AT_REST_ACTIONS, (*_SETTLED, SAVED), rare=True),
)
BY_NAME = {target.name: target for target in TARGETS}


def pairs(only: Sequence[str] = ()) -> list[tuple[SeamTarget, str]]:
    """Every target with each of its actions."""
    return [(target, action) for target in TARGETS if not only or target.name in only for action in target.actions]


def size(variants: Variants, only: Sequence[str] = ()) -> int:
    """How many runs the whole product has."""
    return sum(len(target.phases) * len(variants.all) for target, _ in pairs(only))


def table(variants: Variants, seed: int, only: Sequence[str] = ()) -> Iterator[Case]:
    """The runs of a seed, without end: first every variant with nothing done to it, then the rounds.

    Args:
        only: names of targets; all of them if empty.
    """
    for n, variant in enumerate(variants.all):
        yield Case(n, "", variant)
    numbers = itertools.count(len(variants.all))
    for turn in itertools.count():
        rng = random.Random(f"{seed}/{turn}")  # noqa: S311 - it must be the same again
        order = pairs(only)
        rng.shuffle(order)
        for target, action in order:
            yield _case(next(numbers), target, action, variants, rng)


def _case(n: int, target: SeamTarget, action: str, variants: Variants, rng: random.Random) -> Case:
    variant = rng.choice(variants.clean if rng.random() < CLEAN else variants.defective)
    overrides, arguments = variants.control if target.control else ((), ())
    spec = _spec(target, action, _possible(target, (*variant.arguments, *arguments)), rng)
    return Case(
        n=n,
        title=f"{action} {target.name} @{spec.phase}",
        variant=variant,
        details=asdict(spec),
        overrides=tuple(str(path) for path in overrides),
        arguments=(*arguments, *_scenario(variant, spec.phase, arguments)),
    )


def _possible(target: SeamTarget, arguments: Sequence[str]) -> tuple[str, ...]:
    """The phases of a target that a gate with these arguments has; all of them where that leaves none."""
    if "--scenario" not in arguments:
        return target.phases
    half = "half-deployment" in arguments
    both = (STARTUP, SAVED)
    found = tuple(phase for phase in target.phases if phase in both or phase.startswith(HALF) is half)
    return found or target.phases


def _spec(target: SeamTarget, action: str, phases: Sequence[str], rng: random.Random) -> SeamSpec:
    held = rng.choice([0.5, 2.0, 5.0]) if action == "delay" else rng.choice([1.0, 3.0, 0.0])
    count = rng.choice([1, 3, 0])
    return SeamSpec(
        target=target.name,
        action=action,
        phase=rng.choice(phases),
        after=round(rng.choice([0.0, rng.uniform(0.0, 0.6)]), 2),
        skip=0 if target.rare else rng.choice([0, 0, rng.randrange(1, 10)]),
        count=1 if action in ("delay", "stop", "kill") else count,
        seconds=held,
        seed=rng.randrange(2**31),
    )


def _scenario(variant: GateVariant, phase: str, arguments: Sequence[str]) -> tuple[str, ...]:
    """A clean stack passes each scenario: the one in which it is spoilt will do. A defect may be seen in one alone."""
    if variant.defect or "--scenario" in (*variant.arguments, *arguments):
        return ()
    return ("--scenario", "half-deployment" if phase.startswith(HALF) else "round-trip")
