"""What every report shows, taken from the events once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from harness.checks import outcome_of, verdict_of
from harness.diagnoses import Diagnosed, diagnose
from harness.events import (
    IncidentLink,
    PlanLeftOut,
    PlanShown,
    RunEnd,
    RunError,
    RunStart,
    VerdictGiven,
)
from harness.history import Event, of
from harness.report import attribution, retried
from harness.report.changes import Since
from harness.report.steps import where
from harness.report.timed import Step, timed
from harness.verdict import Outcome, Verdict, combine

ATTRIBUTED = ("errors", "availability", "performance")  # checks whose failures are those of requests
GATE = "gate"
HEADLINES = {  # by what was run
    GATE: {
        Outcome.PASS: "this release can be deployed and taken back",
        Outcome.FAIL: "this release must not go out as it is",
        Outcome.UNKNOWN: "this could not be measured; it is not a pass",
    },
    "incident": {
        Outcome.PASS: "it happened again, link by link; with the deployer fixed the gate passes",
        Outcome.FAIL: "it did not happen again as it did, or the gate fails on the fixed stack",
        Outcome.UNKNOWN: "a part of it could not be measured",
    },
    "plan": {
        Outcome.PASS: "everything that this plan checks is as it should be",
        Outcome.FAIL: "something that this plan checks is not as it should be",
        Outcome.UNKNOWN: "a part of what this plan checks could not be measured; it is not a pass",
    },
}
OF_THE_GATE = ("round-trip", "half-deployment")  # its plans
WORDS = {Outcome.PASS: "passed", Outcome.FAIL: "FAILED", Outcome.UNKNOWN: "unknown"}


WEAKNESS = "the stack's own weakness"  # as `harness.plan.link` words it
SEVERITY = (Outcome.PASS, Outcome.UNKNOWN, Outcome.FAIL)


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, the phase that it is about, and when it was given (seconds since the start, and Unix time).

    Attributes:
        phase: of the gate under faults with its case before it: `cache.stale at rollback: rolled-back`.
        case: `cache.stale at rollback`; empty where the run has no cases.
        where: the step of the plan, and the releases around it, then whose the failed requests were, each a line.
        event: the id of its event.
    """

    verdict: Verdict
    phase: str
    at: float
    time: float
    where: tuple[str, ...] = ()
    event: int = -1
    case: str = ""


@dataclass(frozen=True)
class Report:
    """A run, ready to be shown.

    Attributes:
        run: the verdict of the whole: what `run.end` says, else all verdicts combined.
        ended: the run came to its end; else it was killed, or is still going on.
        info: what `run.start` says.
        judged: every verdict of a check, in order; of one given twice in a phase, the last, but a failure stays.
        steps: every step, in the order of their starts.
        errors: the messages of `run.error`.
        seconds: from the first event to the last.
        start: Unix time of the first event.
        since: what changed since an earlier run; None where none was named.
        replay: the command that runs the very plan again; empty where there is none.
    """

    run: Verdict
    ended: bool
    info: RunStart
    judged: tuple[Judged, ...]
    steps: tuple[Step, ...]
    errors: tuple[str, ...]
    seconds: float
    start: float
    events: tuple[Event, ...] = field(repr=False)
    since: Since | None = None
    replay: str = ""

    @classmethod
    def of(cls, events: Iterable[Event]) -> Report:
        """Read it out of the events, whether or not the run was finished."""
        every = tuple(events)
        judged = _judged(every)
        ends = [event.body for event in of(every, RunEnd)]
        errors = tuple(event.body.message or event.body.what for event in of(every, RunError))
        return cls(
            run=_run(ends, judged, errors),
            ended=bool(ends),
            info=next((event.body for event in of(every, RunStart)), RunStart()),
            judged=judged,
            steps=timed(every),
            errors=errors,
            seconds=every[-1].since_start - every[0].since_start if every else 0.0,
            start=every[0].time if every else 0.0,
            events=every,
        )

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases that have verdicts, in the order of their first one."""
        return tuple(dict.fromkeys(one.phase for one in self.judged))

    @property
    def cases(self) -> Mapping[str, Outcome]:
        """What came of each case of the gate under faults, in the order of the run; empty for another run."""
        names = dict.fromkeys(one.case for one in self.judged if one.case)
        return {name: combine(one.verdict for one in self.judged if one.case == name).outcome for name in names}

    @property
    def weaknesses(self) -> tuple[str, ...]:
        """What fails under a fault with or without a deployment, a line each."""
        return tuple(
            f"{one.verdict.check} ({one.phase}): {one.verdict.reason}"
            for one in self.judged
            if one.case and one.verdict.outcome is Outcome.PASS and one.verdict.reason.startswith(WEAKNESS)
        )

    def crossed(self) -> tuple[tuple[str, ...], dict[str, dict[str, Outcome]]]:
        """The moments of all cases, and by fault what came of it at each: the worst, where load or commands differ."""
        moments: dict[str, None] = {}
        rows: dict[str, dict[str, Outcome]] = {}
        for name, outcome in self.cases.items():
            fault, _, rest = name.partition(" at ")
            moment = rest.partition(" ")[0]
            moments[moment] = None
            before = rows.setdefault(fault, {}).get(moment, Outcome.PASS)
            rows[fault][moment] = max(before, outcome, key=SEVERITY.index)
        return tuple(moments), rows

    @property
    def title(self) -> str:
        """`reference, 4.1.0 -> 4.1.1 -> 4.1.0`, as far as it is known."""
        stack, old, new = self.info.stack, self.info.from_, self.info.to
        way = f"{old} -> {new} -> {old}" if old and new else ""
        return ", ".join(part for part in (stack, way) if part) or "run"

    @cached_property
    def diagnosed(self) -> Diagnosed:
        """What the pattern of the failures is called; nothing where no check failed."""
        return diagnose(self.events)

    @property
    def diagnosis(self) -> tuple[str, ...]:
        """The diagnoses, a line each, the first one the headline; empty where nothing failed."""
        found = self.diagnosed.found
        lines = tuple(f"{one.sentence} ({one.kind})" for one in found)
        return lines or ((self.diagnosed.headline,) if self.diagnosed.headline else ())

    @property
    def kind(self) -> str:
        """What was run: `gate`, `incident` or `plan`."""
        if of(self.events, IncidentLink):
            return "incident"
        plans = {str(event.body.plan.get("name", "")) for event in of(self.events, PlanShown)}
        return "plan" if plans and not plans & set(OF_THE_GATE) else GATE

    @property
    def what(self) -> str:
        """The same in words, with its name: `the gate`, `a replay of an outage`, `the plan smoke`, `the test ...`."""
        if self.kind == "incident":
            return "a replay of an outage"
        if self.info.test:
            return f"the test {self.info.test}"
        names = [str(event.body.plan.get("name", "")) for event in of(self.events, PlanShown)]
        return "the gate" if self.kind == GATE else f"the plan {', '.join(dict.fromkeys(names))}"

    @property
    def headline(self) -> str:
        """What the outcome means for what was run."""
        said = HEADLINES[self.kind][self.run.outcome]
        return f"{said}, as far as there was time" if self.left_out and self.run.outcome is Outcome.PASS else said

    @property
    def retried(self) -> tuple[str, ...]:
        """What failed and went well when it was tried again, a line each: trying again hides no failure."""
        return tuple(retried.lines(self.events))

    @property
    def left_out(self) -> tuple[str, ...]:
        """The plans for which there was no time: a pass says nothing about these."""
        return tuple(event.body.name for event in of(self.events, PlanLeftOut))

    @property
    def not_checked(self) -> tuple[str, ...]:
        """`performance: reason` for each check that the stack has switched off: a pass says nothing about these."""
        found = (event.body.plan.get("not-checked") for event in of(self.events, PlanShown))
        return tuple(
            dict.fromkeys(f"{name}: {why}" for off in found if isinstance(off, Mapping) for name, why in off.items())
        )

    @property
    def not_looked_at(self) -> tuple[str, ...]:
        """What the declared load did not look at: a pass says nothing about it."""
        return tuple(said for event in of(self.events, RunStart) for said in event.body.not_looked_at)

    def bad(self) -> tuple[Judged, ...]:
        """What did not pass: failures first."""
        order = (Outcome.FAIL, Outcome.UNKNOWN)
        return tuple(one for outcome in order for one in self.judged if one.verdict.outcome is outcome)

    def spent(self) -> tuple[Step, ...]:
        """The outermost steps that ended, longest first: where the time went."""
        outer = [step for step in self.steps if step.depth == 0 and step.seconds is not None]
        return tuple(sorted(outer, key=lambda step: -(step.seconds or 0.0)))


def events_named(numbers: Iterable[int]) -> str:
    """`events 3, 4 and 9 more`; empty where there are none."""
    every = list(numbers)
    more = f" and {len(every) - 6} more" if len(every) > 6 else ""
    return f"events {', '.join(str(one) for one in every[:6])}{more}" if every else "no events"


def case_of(event: Event) -> str:
    """The case of the gate under faults that an event is of; empty for none."""
    scenario = str(event.data.get("scenario") or "")
    return scenario if " at " in scenario else ""


def _judged(events: tuple[Event, ...]) -> tuple[Judged, ...]:
    found: dict[tuple[str, str], Judged] = {}
    steps = where(events)
    for event in of(events, VerdictGiven):
        if event.body.check != "run":
            case = case_of(event)
            phase = f"{case}: {event.phase or 'run'}" if case else event.phase or "run"
            verdict, lines = verdict_of(event.body), steps.get(event.id, ())
            if verdict.check in ATTRIBUTED and verdict.outcome is not Outcome.PASS:
                lines = (*lines, *attribution.lines(events, verdict.evidence))
            one = Judged(verdict, phase, event.since_start, event.time, lines, event.id, case)
            before = found.pop((phase, one.verdict.check), None)
            found[phase, one.verdict.check] = one if before is None else _both(before, one)
    return tuple(found.values())


def _both(before: Judged, after: Judged) -> Judged:
    """Of two verdicts of a check on a phase the last counts, but a failure stays one: trying again hides none."""
    if before.verdict.outcome is not Outcome.FAIL or after.verdict.outcome is Outcome.FAIL:
        return after
    reason = f"{before.verdict.reason}; judged again: {after.verdict.outcome}: {after.verdict.reason}"
    return replace(before, verdict=replace(before.verdict, reason=reason))


def _run(ends: list[RunEnd], judged: tuple[Judged, ...], errors: tuple[str, ...]) -> Verdict:
    found = combine(one.verdict for one in judged)
    if ends:
        end = ends[-1]
        return Verdict("run", outcome_of(end.outcome), end.reason or found.reason, found.evidence, found.look)
    if found.outcome is Outcome.FAIL:
        return found
    said_last = errors[-1].splitlines() if errors else []
    reason = said_last[0] if said_last else "the run did not come to its end"
    return Verdict("run", Outcome.UNKNOWN, reason, found.evidence, "the last step of the history")
