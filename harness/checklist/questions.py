"""What somebody who releases wants to know of the gate, and which verdicts answer it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.checklist.document import State
from harness.report import Judged
from harness.verdict import Outcome

Wanted = tuple[str, str]  # phase and check


@dataclass(frozen=True, slots=True)
class Question:
    """One item of the gate.

    Attributes:
        key, title: of the item.
        phases: whose verdicts answer it; empty for any.
        checks: those of them that do; empty for all.
        needed: phase and check of those without which it has no answer.
        lacking: what to do where those are not there.
    """

    key: str
    title: str
    phases: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    needed: tuple[Wanted, ...] = ()
    lacking: str = "gate the release with both scenarios"

    def about(self, judged: Iterable[Judged]) -> tuple[Judged, ...]:
        """The verdicts that answer it."""
        return tuple(
            one
            for one in judged
            if (not self.phases or one.phase in self.phases) and (not self.checks or one.verdict.check in self.checks)
        )

    def answer(self, judged: Sequence[Judged]) -> tuple[State, str]:
        """What they say, and why: a failure before what is unknown, and that before what is missing."""
        found = self.about(judged)
        for outcome, state in ((Outcome.FAIL, State.FAILED), (Outcome.UNKNOWN, State.UNKNOWN)):
            bad = [one for one in found if one.verdict.outcome is outcome]
            if bad:
                more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
                return state, f"{bad[0].verdict.check} ({bad[0].phase}): {bad[0].verdict.reason}{more}"
        there = {(one.phase, one.verdict.check) for one in found}
        missing = [f"{check} ({phase})" for phase, check in self.needed if (phase, check) not in there]
        if missing or not found:
            return State.UNKNOWN, f"the gate did not judge {', '.join(missing) or 'any of it'}: {self.lacking}"
        phases = len({one.phase for one in found})
        verdicts = f"{len(found)} verdict{'s' * (len(found) > 1)}"
        return State.TICKED, f"{verdicts} of {phases} phase{'s' * (phases > 1)} passed"


def _standing(*phases: str) -> tuple[Wanted, ...]:
    return tuple((phase, check) for phase in phases for check in ("release", "convergence"))


QUESTIONS = (
    Question(
        "gate.deployed",
        "The release can be deployed",
        ("deploy", "deployed"),
        needed=(*_standing("deployed"), ("deployed", "deployer")),
    ),
    Question(
        "gate.taken-back",
        "It can be taken back",
        ("rollback", "rolled-back"),
        needed=(*_standing("rolled-back"), ("rolled-back", "deployer")),
    ),
    Question(
        "gate.taken-back-twice",
        "Taking it back twice does no harm",
        ("second-rollback", "rolled-back-twice"),
        needed=(*_standing("rolled-back-twice"), ("rolled-back-twice", "no-change")),
    ),
    Question(
        "gate.deployed-again",
        "It can be deployed again afterwards, and taken back again",
        ("second-deploy", "deployed-again", "third-rollback", "rolled-back-again"),
        needed=(("deployed-again", "second-deployment"), *_standing("rolled-back-again")),
    ),
    Question(
        "gate.half",
        "A deployment that stopped halfway can be taken back",
        ("half-deploy", "half-rollback", "half-rolled-back"),
        needed=(("half-deploy", "half-way"), *_standing("half-rolled-back")),
    ),
    Question(
        "gate.no-trace",
        "Taking it back leaves no trace",
        checks=("trace",),
        needed=(("rolled-back", "trace"), ("rolled-back-twice", "trace"), ("half-rolled-back", "trace")),
    ),
    Question(
        "gate.available",
        "It stays available while it is deployed and taken back",
        checks=("availability",),
        needed=(("deploy", "availability"), ("rollback", "availability")),
        lacking="declare a `workload`",
    ),
    Question(
        "gate.logs",
        "Its logs go on",
        checks=("logs", "log-mix"),
        needed=(("deployed", "logs"), ("rolled-back", "logs")),
        lacking="declare its `logs`",
    ),
    Question(
        "gate.performance",
        "Performance recovers",
        checks=("performance", "recovery", "metastable"),
        needed=(("deployed", "performance"), ("rolled-back", "performance")),
        lacking="declare a `workload`",
    ),
    Question(
        "gate.acknowledged",
        "No acknowledged work is lost",
        checks=("acknowledged", "reads", "reads-forward", "effects"),
        needed=(("rolled-back", "acknowledged"),),
        lacking="declare `workload: acknowledged` and `readback`",
    ),
)
