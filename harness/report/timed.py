"""The steps of a run, and how long they took."""

from __future__ import annotations

from dataclasses import dataclass

from harness.events import StepEnd, StepStart
from harness.history import Event, of


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


def timed(events: tuple[Event, ...]) -> tuple[Step, ...]:
    """Every step, in the order of their starts."""
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
