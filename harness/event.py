"""The events of a history: one line each, as they are written and as they are read. See `harness.history`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HistoryError

VERSION = 1


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a history: see the module for the kinds and their fields. Times in seconds."""

    id: int
    time: float
    since_start: float
    kind: str
    data: Mapping[str, Any]

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


def select(events: tuple[Event, ...], kind: str, **data: Any) -> tuple[Event, ...]:
    """The events of a kind whose data has these values, in order."""
    return tuple(
        event for event in events if event.kind == kind and all(event.data.get(key) == data[key] for key in data)
    )


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
