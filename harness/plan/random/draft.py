"""A draft: what a random plan is going to do, before it is written out as steps. Mutators change drafts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from harness.plan.steps import Step

Verb = Literal["deploy", "rollback"]
Moment = Literal["whole", "half", "mixed", "second", "after"]
Stage = Literal[
    "deploy",
    "half-deployed",
    "deployed",
    "rollback",
    "half-rolled-back",
    "second-attempt",
    "rolled-back",
    "second-rollback",
    "deploy-again",
    "rollback-again",
]
# How much each stage is favoured. What is tested least elsewhere weighs most: the way back, above all where it stopped
# half-way and is tried a second time.
STAGES: dict[Stage, int] = {
    "deploy": 2,
    "half-deployed": 4,
    "deployed": 3,
    "rollback": 8,
    "half-rolled-back": 9,
    "second-attempt": 9,
    "rolled-back": 4,
    "second-rollback": 5,
    "deploy-again": 2,
    "rollback-again": 5,
}
ROLLBACK_SIDE: tuple[Stage, ...] = (
    "rollback",
    "half-rolled-back",
    "second-attempt",
    "rolled-back",
    "second-rollback",
    "rollback-again",
)


class Element(NamedTuple):
    """What a plan tests, for a table of what a campaign covered.

    Attributes:
        what: a fault's name, that of a step which a package adds, or an act: `interrupt`, `half-deployment`,
            `failed-deployments`, `hold-mixed`, `time-passes`, `restart`, `double-command`, `two-deployers`,
            `double-load`, `second-attempt`, `second-rollback`, `deploy-again`.
        stage: when.
        deployer: the kind of deployer: `command`, `rolling`, `recreate`, ...
    """

    what: str
    stage: Stage
    deployer: str

    def __str__(self) -> str:
        return f"{self.what} ({self.stage}, {self.deployer})"


@dataclass(frozen=True, slots=True)
class PlacedFault:
    """A fault at a moment of a leg.

    Attributes:
        data: its step: `{"fault": "latency", ...}`.
        moment: `whole`: from before the command until it has ended; `half`: from the first replica on; `mixed`: while
            the fleet stands half-way; `second`: during the second attempt; `after`: when the command is over.
        seconds: that it is on, where no command runs meanwhile.
    """

    data: Mapping[str, Any]
    moment: Moment
    seconds: int = 0

    @property
    def name(self) -> str:
        """Its fault's."""
        return str(self.data["fault"])


@dataclass(frozen=True, slots=True)
class Leg:
    """One way: a deployment or a rollback, with what goes wrong meanwhile, until everything is quiet again.

    Attributes:
        verb: which.
        name: what its phases are called after.
        own: the stage that its command is.
        later: the stage that follows, when the command is over.
        quiet: the phase in which everything is judged when it is over.
        stopped: when so many replicas run the release, the deployer is killed; 0: it is not.
        failures: so many times more the deployer is killed half-way before that.
        completed: a second attempt follows where it was killed; else the fleet is left half-way, and the next leg
            begins from there.
        mixed: seconds that the fleet is held half-way.
        faults: what is injected.
        twice: the command is given once more when it is over.
        deployers: so many are given the command at the same time.
        load: how many times the declared rate, for as long as the leg lasts.
        waits: seconds that pass before everything is judged.
        restarts: the replicas that are restarted before everything is judged.
        steps: any others that are run before everything is judged; what they need has to be given by then.
    """

    verb: Verb
    name: str
    own: Stage
    later: Stage
    quiet: str
    stopped: int = 0
    failures: int = 0
    completed: bool = True
    mixed: int = 0
    faults: tuple[PlacedFault, ...] = ()
    twice: bool = False
    deployers: int = 1
    load: int = 1
    waits: int = 0
    restarts: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def half(self) -> Stage:
        """The stage in which the fleet stands half-way."""
        return "half-deployed" if self.verb == "deploy" else "half-rolled-back"

    @property
    def second(self) -> Stage:
        """The stage of a second attempt: that of a rollback has a name of its own."""
        return self.own if self.verb == "deploy" else "second-attempt"

    @property
    def disturbed(self) -> bool:
        """Whether the command may end badly without being wrong."""
        meanwhile = any(fault.moment != "after" for fault in self.faults)
        return bool(meanwhile or self.stopped or self.twice or self.load != 1)

    @property
    def once_more(self) -> bool:
        """Whether one more attempt is allowed: something was in the way of the command, or another deployer."""
        return self.disturbed or self.deployers > 1

    def stage_of(self, fault: PlacedFault) -> Stage:
        """When a fault of it is on."""
        stages: dict[Moment, Stage] = {"mixed": self.half, "second": self.second, "after": self.later}
        return stages.get(fault.moment, self.own)


@dataclass(frozen=True, slots=True)
class Draft:
    """Legs in order, the last of which is a rollback; and what was put into them.

    Attributes:
        mutated: by leg, the names of the mutators that changed it.
    """

    legs: tuple[Leg, ...]
    mutated: tuple[tuple[str, ...], ...]

    @classmethod
    def base(cls) -> Draft:
        """There and back, and nothing else."""
        return cls(
            (
                Leg("deploy", "deploy", "deploy", "deployed", "deployed"),
                Leg("rollback", "rollback", "rollback", "rolled-back", "rolled-back"),
            ),
            ((), ()),
        )

    def changed(self, number: int, mutator: str, **fields: Any) -> Draft:
        """The same with other fields of a leg."""
        leg = replace(self.legs[number], **fields)
        legs = (*self.legs[:number], leg, *self.legs[number + 1 :])
        names = (*self.mutated[:number], (*self.mutated[number], mutator), *self.mutated[number + 1 :])
        return Draft(legs, names)

    def longer(self, mutator: str, *legs: Leg) -> Draft:
        """The same with more legs at the end."""
        return Draft((*self.legs, *legs), (*self.mutated, *((mutator,) for _ in legs)))

    def before(self, number: int) -> Leg | None:
        """The leg before one; None before the first."""
        return self.legs[number - 1] if number else None

    def from_half(self, number: int) -> bool:
        """Whether a leg begins on a fleet that was left half-way."""
        before = self.before(number)
        return before is not None and not before.completed

    def elements(self, deployer: str) -> tuple[Element, ...]:
        """What it tests, each once, in order."""
        found: list[Element] = []
        for number, leg in enumerate(self.legs):
            found += [Element(what, stage, deployer) for what, stage in _acts(leg)]
            if self.from_half(number):
                found.append(Element("half-deployment", leg.own, deployer))
            found += [Element(fault.name, leg.stage_of(fault), deployer) for fault in leg.faults]
            if leg.own in ("second-rollback", "deploy-again"):
                found.append(Element(leg.own, leg.own, deployer))
        return tuple(dict.fromkeys(found))


def _acts(leg: Leg) -> list[tuple[str, Stage]]:
    made: list[tuple[bool, str, Stage]] = [
        (leg.load != 1, "double-load", leg.own),
        (bool(leg.stopped), "interrupt", leg.own),
        (bool(leg.failures), "failed-deployments", leg.own),
        (bool(leg.mixed), "hold-mixed", leg.half),
        (bool(leg.stopped and leg.completed), "second-attempt", leg.second),
        (leg.twice, "double-command", leg.own),
        (leg.deployers > 1, "two-deployers", leg.second if leg.stopped else leg.own),
        (bool(leg.waits), "time-passes", leg.later),
        (bool(leg.restarts), "restart", leg.later),
    ]
    return [
        *((what, stage) for there, what, stage in made if there),
        *((step.step_name(), leg.later) for step in leg.steps),
    ]
