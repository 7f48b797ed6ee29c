"""What every report shows, taken from the events once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.checks import outcome_of, verdict_of
from harness.events import PlanShown, RunEnd, RunError, RunStart, StepEnd, StepStart, VerdictGiven
from harness.history import Event, of
from harness.report.steps import where
from harness.verdict import Outcome, Verdict, combine

WORDS = {Outcome.PASS: "passed", Outcome.FAIL: "FAILED", Outcome.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class Step:
    """A step: `start` and `seconds` in seconds; `ok` and `seconds` are None for one that did not end."""

    id: int
    name: str
    title: str
    start: float
    seconds: float | None
    ok: bool | None
    error: str | None
    phase: str
    depth: int
    time: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, the phase that it is about, and when it was given (seconds since the start, and Unix time).

    Attributes:
        where: the step of the plan, and the releases around it, each a line; empty outside of a plan.
    """

    verdict: Verdict
    phase: str
    at: float
    time: float
    where: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """A run, ready to be shown.

    Attributes:
        run: the verdict of the whole: what `run.end` says, else all verdicts combined.
        ended: the run came to its end; else it was killed, or is still going on.
        info: what `run.start` says.
        judged: every verdict of a check, in order; of one given twice in a phase, the last.
        steps: every step, in the order of their starts.
        errors: the messages of `run.error`.
        seconds: from the first event to the last.
        start: Unix time of the first event.
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
            steps=_steps(every),
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
    def title(self) -> str:
        """`reference, 4.1.0 -> 4.1.1 -> 4.1.0`, as far as it is known."""
        stack, old, new = self.info.stack, self.info.from_, self.info.to
        way = f"{old} -> {new} -> {old}" if old and new else ""
        return ", ".join(part for part in (stack, way) if part) or "run"

    @property
    def not_checked(self) -> tuple[str, ...]:
        """`performance: reason` for each check that the stack has switched off: a pass says nothing about these."""
        found = (event.body.plan.get("not-checked") for event in of(self.events, PlanShown))
        return tuple(
            dict.fromkeys(f"{name}: {why}" for off in found if isinstance(off, Mapping) for name, why in off.items())
        )

    def bad(self) -> tuple[Judged, ...]:
        """What did not pass: failures first."""
        order = (Outcome.FAIL, Outcome.UNKNOWN)
        return tuple(one for outcome in order for one in self.judged if one.verdict.outcome is outcome)

    def spent(self) -> tuple[Step, ...]:
        """The outermost steps that ended, longest first: where the time went."""
        outer = [step for step in self.steps if step.depth == 0 and step.seconds is not None]
        return tuple(sorted(outer, key=lambda step: -(step.seconds or 0.0)))


def _judged(events: tuple[Event, ...]) -> tuple[Judged, ...]:
    found: dict[tuple[str, str], Judged] = {}
    steps = where(events)
    for event in of(events, VerdictGiven):
        if event.body.check != "run":
            phase = event.phase or "run"
            one = Judged(verdict_of(event.body), phase, event.since_start, event.time, steps.get(event.id, ()))
            found.pop((phase, one.verdict.check), None)
            found[phase, one.verdict.check] = one
    return tuple(found.values())


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


def _steps(events: tuple[Event, ...]) -> tuple[Step, ...]:
    ends = {event.body.start: event.body for event in of(events, StepEnd)}
    steps, open_ids = [], list[int]()
    for event in events:
        body = event.body
        if isinstance(body, StepEnd) and body.start in open_ids:
            open_ids.remove(body.start)
        if not isinstance(body, StepStart):
            continue
        end = ends.get(event.id)
        steps.append(
            Step(
                id=event.id,
                name=body.name,
                title=body.title or body.name,
                start=event.since_start,
                seconds=end.seconds if end else None,
                ok=end.ok if end else None,
                error=end.error or None if end else None,
                phase=event.phase or "",
                depth=len(open_ids),
                time=event.time,
            )
        )
        open_ids.append(event.id)
    return tuple(steps)
