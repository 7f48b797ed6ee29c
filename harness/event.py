"""The events of a history: one line each, as they are written and as they are read. See `harness.history`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, cast

from typing_extensions import TypeVar

from harness.errors import HistoryError
from harness.events import Body, Raw, decode, encode, find

VERSION = 1
B_co = TypeVar("B_co", bound=Body, default=Body, covariant=True)
T = TypeVar("T", bound=Body)
CONTEXT = (("phase", str), ("environment", str), ("arm", str), ("plan_step", int))


@dataclass(frozen=True, slots=True)
class Event(Generic[B_co]):
    """One line of a history: when something happened, and what (`body`). Times in seconds.

    Attributes:
        kind: of its body.
        data: the fields as they are in the file, those of its context among them.
        phase: of the plan: `baseline`, `deployed`, `rolled-back`, ...
        environment: whose it is.
        arm: `subject` or `control`, of what is said about a load.
        plan_step: the number of the plan's step.
    """

    id: int
    time: float
    since_start: float
    kind: str
    data: Mapping[str, Any]
    phase: str | None = field(init=False, compare=False, repr=False)
    environment: str | None = field(init=False, compare=False, repr=False)
    arm: str | None = field(init=False, compare=False, repr=False)
    plan_step: int | None = field(init=False, compare=False, repr=False)

    _read: tuple[Body, tuple[str, ...]] | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Read the context at once: every check looks at it in every event."""
        get, put = self.data.get, partial(object.__setattr__, self)
        for name, kind in CONTEXT:
            found = get(name)
            put(name, found if type(found) is kind else None)
        put("_read", None)

    def _decoded(self) -> tuple[Body, tuple[str, ...]]:
        if self._read is None:
            kind = find(self.kind)
            read = (Raw(self.kind, self.data), ()) if kind is Raw else decode(kind, self.data)
            object.__setattr__(self, "_read", read)
            return read
        return self._read

    @property
    def body(self) -> B_co:
        """Its fields. One that is missing or damaged has its default, or no value."""
        return cast(B_co, self._decoded()[0])

    @property
    def damaged(self) -> tuple[str, ...]:
        """The fields that hold what they cannot mean. What was not written, because it is older, is not damaged."""
        return self._decoded()[1]

    def with_body(self, body: T) -> Event[T]:
        """The same event with another body."""
        return replace(cast("Event[T]", self), data={**self.data, **encode(body)})

    def to_json(self) -> str:
        """The event as its line, without the newline."""
        line = {"v": VERSION, "id": self.id, "t": self.time, "s": self.since_start, "kind": self.kind}
        return json.dumps({**line, "data": self.data}, separators=(",", ":"), default=str)

    @classmethod
    def from_json(cls, line: str) -> Event:
        """The event of a line.

        Raises:
            ValueError, KeyError, TypeError: the line is not an event.
            HistoryError: the event was written by a newer version.
        """
        raw = json.loads(line)
        if raw["v"] > VERSION:
            raise HistoryError(
                "The history was written by a newer version of the harness",
                got=f"format {raw['v']}",
                expected=f"format {VERSION} or earlier",
                hint="update rollback-harness and read it again",
            )
        return cls(int(raw["id"]), float(raw["t"]), float(raw["s"]), str(raw["kind"]), dict(raw["data"]))

    def to_line(self) -> bytes:
        """The event as its line."""
        return self.to_json().encode() + b"\n"


def of(
    events: Iterable[Event], body: type[T], phase: str | None = None, *, environment: str | None = None
) -> tuple[Event[T], ...]:
    """The events with a body of this kind, in order; where they are given, of a phase or an environment alone."""
    found = _LATEST.of_kind(events, body.kind) if isinstance(events, tuple) else _by_kind(events).get(body.kind, [])
    if phase is not None:
        found = [event for event in found if event.phase == phase]
    if environment is not None:
        found = [event for event in found if event.environment == environment]
    return cast("tuple[Event[T], ...]", tuple(found))


def _by_kind(events: Iterable[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.kind, []).append(event)
    return found


class _Latest:
    """Remembers the events that were asked for last, by kind: a check asks for one kind after the other of the same."""

    def __init__(self) -> None:
        self._held: tuple[tuple[Event, ...], dict[str, list[Event]]] = (), {}

    def of_kind(self, events: tuple[Event, ...], kind: str) -> list[Event]:
        """In order."""
        held = self._held  # one look: another thread may ask about other events
        if held[0] is not events:
            self._held = held = events, _by_kind(events)
        return held[1].get(kind, [])


_LATEST = _Latest()


def read(path: Path) -> tuple[Event, ...]:
    """Read the events of a saved history, also of a run that was killed: a torn last line is left out.

    Raises:
        HistoryError: not a history, from a newer version, or damaged before its last line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise HistoryError("The history cannot be read", where=str(path), got=str(error)) from error
    lines = data.split(b"\n")
    torn = lines.pop()  # what follows the last newline: empty, or a line whose writer was killed
    events: list[Event] = []
    before = 0  # bytes
    for number, line in enumerate(lines, start=1):
        event = _event(line, f"{path}, line {number}", len(events))
        if event.kind == "run.end" and "sha256" in event.data:
            _compare(event, f"{path}, lines 1 to {number - 1}", hashlib.sha256(memoryview(data)[:before]).hexdigest())
        events.append(event)
        before += len(line) + 1
    if not events and torn:
        raise HistoryError("The history holds no whole event", where=str(path), got=_shown(torn))
    return tuple(events)


def _event(line: bytes, where: str, number: int) -> Event:
    """The event of a line, which must have this id."""
    try:
        event = Event.from_json(line.decode("utf-8"))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise HistoryError(
            "The history is damaged, or is not one",
            where=where,
            got=_shown(line),
            expected='an event, {"v": 1, "id": ..., "t": ..., "s": ..., "kind": ..., "data": {...}}',
        ) from error
    if event.id != number:
        raise HistoryError("The history has a gap", where=where, got=f"id {event.id}", expected=f"id {number}")
    return event


def _compare(end: Event, where: str, found: str) -> None:
    """What is before the run's end is what was there when the run ended."""
    if end.data["sha256"] != found or end.data.get("events") != end.id:
        raise HistoryError(
            "The history was changed after the run had ended",
            where=where,
            got=f"{end.id} events with the digest {found}",
            expected=f"{end.data.get('events')} events with the digest {end.data['sha256']}",
            hint="judge the copy that the run wrote: what was changed is no evidence",
        )


def _shown(line: bytes) -> str:
    return line[:80].decode("utf-8", "replace")
