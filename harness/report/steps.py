"""Which step of the plan a verdict belongs to, and which release each replica ran before and after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.history import Event
from harness.report._fields import number

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
    steps: dict[int, _Begun] = field(default_factory=dict)
    changed: _Begun | None = None


def where(events: Iterable[Event]) -> dict[int, tuple[str, ...]]:
    """For each `verdict` event, by its id: its step in words, and the releases around the last step that may have
    changed them. Nothing for a verdict outside of a plan.
    """
    found: dict[int, tuple[str, ...]] = {}
    known: dict[str, _Environment] = {}
    for event in events:
        one = known.setdefault(str(event.data.get("environment")), _Environment())
        if event.kind == "probe.release":
            one.now[str(event.data.get("replica"))] = str(event.data.get("release") or "not known")
        elif event.kind == "plan.step.start" and (n := number(event.data.get("number"))) is not None:
            begun = _Begun(
                int(n), str(event.data.get("title")), str(event.data.get("planned") or ""),
                bool(event.data.get("changes")), dict(one.now),
            )  # fmt: skip
            one.steps[begun.number] = begun
            one.changed = begun if begun.changes else one.changed
        elif event.kind == "verdict" and (n := number(event.data.get("plan_step"))) is not None and int(n) in one.steps:
            found[event.id] = tuple(_words(one.steps[int(n)], one))
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
