"""What every report shows, taken from the events once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.checks import verdict_of
from harness.history import Event
from harness.report._fields import event_id, mapping, number
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
        info: the data of `run.start`.
        judged: every verdict of a check, in order; of one given twice in a phase, the last.
        steps: every step, in the order of their starts.
        errors: the messages of `run.error`.
        seconds: from the first event to the last.
        start: Unix time of the first event.
    """

    run: Verdict
    ended: bool
    info: Mapping[str, Any]
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
        ends = [event for event in every if event.kind == "run.end"]
        errors = tuple(
            str(event.data.get("message") or event.data.get("what")) for event in every if event.kind == "run.error"
        )
        return cls(
            run=_run(ends, judged, errors),
            ended=bool(ends),
            info=next((event.data for event in every if event.kind == "run.start"), {}),
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
        stack, old, new = (str(self.info.get(key) or "") for key in ("stack", "from", "to"))
        way = f"{old} -> {new} -> {old}" if old and new else ""
        return ", ".join(part for part in (stack, way) if part) or "run"

    @property
    def not_checked(self) -> tuple[str, ...]:
        """`performance: reason` for each check that the stack has switched off: a pass says nothing about these."""
        plans = (mapping(event.data.get("plan")) for event in self.events if event.kind == "plan")
        off = {f"{name}: {why}": None for plan in plans for name, why in mapping(plan.get("not-checked")).items()}
        return tuple(off)

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
    for event in events:
        if event.kind == "verdict" and event.data.get("check") != "run":
            phase = str(event.data.get("phase") or "run")
            one = Judged(verdict_of(event.data), phase, event.since_start, event.time, steps.get(event.id, ()))
            found.pop((phase, one.verdict.check), None)
            found[phase, one.verdict.check] = one
    return tuple(found.values())


def _run(ends: list[Event], judged: tuple[Judged, ...], errors: tuple[str, ...]) -> Verdict:
    found = combine(one.verdict for one in judged)
    if ends:
        said = verdict_of(ends[-1].data)
        return Verdict("run", said.outcome, said.reason or found.reason, found.evidence, found.look)
    if found.outcome is Outcome.FAIL:
        return found
    said_last = errors[-1].splitlines() if errors else []
    reason = said_last[0] if said_last else "the run did not come to its end"
    return Verdict("run", Outcome.UNKNOWN, reason, found.evidence, "the last step of the history")


def _steps(events: tuple[Event, ...]) -> tuple[Step, ...]:
    ends = {event_id(event.data.get("start")): event for event in events if event.kind == "step.end"}
    steps, open_ids = [], list[int]()
    for event in events:
        if event.kind == "step.end" and (begun := event_id(event.data.get("start"))) in open_ids:
            open_ids.remove(begun)
        if event.kind != "step.start":
            continue
        end = ends.get(event.id)
        steps.append(
            Step(
                id=event.id,
                name=str(event.data.get("name")),
                title=str(event.data.get("title") or event.data.get("name")),
                start=event.since_start,
                seconds=number(end.data.get("seconds")) if end else None,
                ok=bool(end.data.get("ok")) if end else None,
                error=str(end.data["error"]) if end and end.data.get("error") else None,
                phase=str(event.data.get("phase") or ""),
                depth=len(open_ids),
                time=event.time,
            )
        )
        open_ids.append(event.id)
    return tuple(steps)
