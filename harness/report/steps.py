"""Which step of the plan a verdict belongs to, and which release each replica ran before and after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.events import PlanStepStart, ProbeRelease, VerdictGiven
from harness.history import Event

Releases = dict[str, str]  # by replica


@dataclass(slots=True)
class _Begun:
    """A step under way, and what each replica ran when it began."""

    number: int
    title: str
    phase: str
    changes: bool
    before: Releases


@dataclass(slots=True)
class _Environment:
    now: Releases = field(default_factory=dict)
    steps: dict[int | None, _Begun] = field(default_factory=dict)
    changed: _Begun | None = None


def where(events: Iterable[Event]) -> dict[int, tuple[str, ...]]:
    """For each `verdict` event, by its id: its step in words, and the releases around the last step that may have
    changed them. Nothing for a verdict outside of a plan.
    """
    found: dict[int, tuple[str, ...]] = {}
    known: dict[str | None, _Environment] = {}
    for event in events:
        one, body = known.setdefault(event.environment, _Environment()), event.body
        if isinstance(body, ProbeRelease):
            one.now[body.replica] = body.release or "not known"
        elif isinstance(body, PlanStepStart) and body.number is not None:
            begun = _Begun(body.number, body.title, body.planned or "", body.changes, dict(one.now))
            one.steps[begun.number] = begun
            one.changed = begun if begun.changes else one.changed
        elif isinstance(body, VerdictGiven) and event.plan_step in one.steps:
            found[event.id] = tuple(_words(one.steps[event.plan_step], one))
    return found


def _words(step: _Begun, environment: _Environment) -> Iterable[str]:
    phase = f" [{step.phase}]" if step.phase else ""
    yield f"step {step.number} of the plan: {step.title}{phase}"
    changed = environment.changed
    if changed is None:
        if environment.now:
            yield "releases: " + ", ".join(f"{replica} {release}" for replica, release in environment.now.items())
        return
    moves = (
        f"{replica} {changed.before.get(replica, 'not known')} -> {release}"
        for replica, release in environment.now.items()
    )
    yield f"releases before and after step {changed.number} ({changed.title}): {', '.join(moves)}"
