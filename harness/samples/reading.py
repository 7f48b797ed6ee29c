"""Reading what a history refers to, held against what it counted."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import HistoryError
from harness.events import (
    Counted,
    ProbeEffect,
    ProbeReadback,
    WorkloadName,
    WorkloadSaved,
    WorkloadStart,
    WorkloadWindow,
)
from harness.history import Event, of
from harness.samples.agreement import promises_against, windows_against
from harness.samples.records import SAMPLE, Records, data_of, decode, size_of
from harness.samples.stream import Samples, Stream


@dataclass(frozen=True, slots=True)
class _Counted:
    """What the history counted of a file.

    Attributes:
        final: nothing was appended later.
        error: why not everything could be saved; empty where it was.
    """

    count: int
    sha256: str
    error: str
    final: bool

    def differs(self, path: Path, held: int, part: bytes, rest: int, what: str) -> str:
        """How a file differs from it, in words; empty where it does not.

        Args:
            held: how many things it holds.
            part: its bytes up to those that were counted.
            rest: how many bytes follow.
            what: the things' name.
        """
        if held < self.count:
            return f"{path.name} holds {held} {what}, and the history counted {self.count}"
        if hashlib.sha256(part).hexdigest() != self.sha256:
            return f"{path.name} was changed: it does not hold the {self.count} {what} that the history counted"
        if self.final and rest:
            return f"{path.name} was changed: {rest} bytes follow the {self.count} {what} that the history counted"
        return ""

    def unsaved(self, path: Path) -> str:
        """Why the file never held everything, in words."""
        return f"{path.name} does not hold everything: it could not be saved ({self.error})" if self.error else ""


@dataclass(slots=True)
class _Index:
    """What a history says of one workload."""

    names: dict[int, str] = field(default_factory=dict)
    releases: dict[int, str] = field(default_factory=dict)
    forms: dict[int, frozenset[str]] = field(default_factory=dict)
    windows: list[Event[WorkloadWindow]] = field(default_factory=list)
    saved: Event[WorkloadSaved] | None = None  # the last that counts

    def counted(self, what: str) -> _Counted | None:
        """What was counted of `samples` or `promises`; None in a history from before things were counted.

        Raises:
            HistoryError: it cannot be read.
        """
        if self.saved is None:
            return None
        found: Counted | None = getattr(self.saved.body, what)
        if what in self.saved.damaged or (found and (found.count is None or found.sha256 is None)):
            where = f"event {self.saved.id}"
            raise HistoryError(f"What the history counted of the {what} cannot be read", where=where)
        if found is None:
            return None
        return _Counted(found.count or 0, found.sha256 or "", found.error or "", self.saved.body.final)


def indexed(directory: Path, events: Iterable[Event]) -> Samples:
    """As `harness.samples.read`."""
    events = tuple(events)
    indexes = _indexes(events)
    readbacks: dict[int, Mapping[str, int]] = {}
    unread: dict[int, str] = {}
    asked: list[Event[ProbeReadback] | Event[ProbeEffect]] = [*of(events, ProbeReadback), *of(events, ProbeEffect)]
    for event in asked:
        if not event.body.error:
            try:
                readbacks[event.id] = _readback(directory, event)
            except HistoryError as error:
                unread[event.id] = _in_a_line(error)
    streams = tuple(_stream(directory, one, indexes.get(one.id, _Index())) for one in of(events, WorkloadStart))
    return Samples(streams, readbacks, unread)


def _indexes(events: tuple[Event, ...]) -> dict[int | None, _Index]:
    """What is said of each workload, by the id of its `workload.start`."""
    found: dict[int | None, _Index] = defaultdict(_Index)
    for named in of(events, WorkloadName):
        if named.body.number is None or named.body.name is None:
            raise HistoryError("Who answered cannot be read", where=f"event {named.id} of the history")
        index = found[named.body.start]
        index.names[named.body.number], index.releases[named.body.number] = named.body.name, named.body.release
        if named.body.keys is not None:
            index.forms[named.body.number] = frozenset(named.body.keys)
    for saved in of(events, WorkloadSaved):
        found[saved.body.start].saved = saved
    for window in of(events, WorkloadWindow):
        found[window.body.start].windows.append(window)
    return found


def _stream(directory: Path, start: Event[WorkloadStart], index: _Index) -> Stream:
    body = start.body
    records, problem = _records(directory, start, index)
    promises: tuple[tuple[int, str], ...] = ()
    promises_problem = ""
    if body.promises:
        try:
            promises, promises_problem = _promises(directory / Path(body.promises).name, index.counted("promises"))
        except HistoryError as error:
            promises_problem = _in_a_line(error)
        if not problem and not promises_problem:
            promises_problem = promises_against(records, promises, _promising(body))
    return Stream(
        start=start.id,
        environment=start.environment or "",
        arm=body.arm or "subject",
        at=body.at,
        began=body.began,
        key=body.key,
        requests=tuple(body.requests),
        servers=index.names,
        records=records,
        problem=problem,
        promises=promises,
        promises_problem=promises_problem,
        releases=index.releases,
        forms=index.forms,
    )


def _records(directory: Path, start: Event[WorkloadStart], index: _Index) -> tuple[Records, str]:
    """The records that count, and why they are not all there."""
    name, empty = start.body.file or "", np.empty(0, SAMPLE)
    if not name or Path(name).name != name:
        return empty, f"event {start.id} of the history names no file of samples: {name!r}"
    path = directory / name
    try:
        data, counted = data_of(path, "The samples cannot be read"), index.counted("samples")
        records = decode(data, path)
    except HistoryError as error:
        return empty, _in_a_line(error)
    if counted is None:  # by an earlier version, or before the first window: all that is whole, if it can be all
        return records, windows_against(records, index.windows, path.name)
    size = size_of(counted.count)
    if problem := counted.differs(path, len(records), data[:size], len(data) - size, "records"):
        return empty, problem
    records = records[: counted.count]
    return records, counted.unsaved(path) or windows_against(records, index.windows, path.name)


def _promises(path: Path, counted: _Counted | None) -> tuple[tuple[tuple[int, str], ...], str]:
    """The promises of a file of JSON lines `[n, what]`, and why they are not all there.

    Raises:
        HistoryError: they cannot be read.
    """
    if not path.exists() and (counted is None or counted.count == 0):
        return (), ""  # nothing was promised; where something was, the samples tell
    data = data_of(path, "The promises cannot be read")
    if counted is None:
        *lines, rest = data.split(b"\n")
        problem = f"{path.name} ends in the middle of a promise" if rest else ""
    else:
        *lines, rest = data.split(b"\n", counted.count)
        part = data[: len(data) - len(rest)]
        problem = counted.differs(path, len(lines), part, len(rest), "promises") or counted.unsaved(path)
    if problem:
        return (), problem
    try:
        return tuple(_promise(json.loads(line.decode("utf-8"))) for line in lines), ""
    except (ValueError, TypeError, RecursionError) as error:
        raise HistoryError("The promises are damaged", where=str(path), got=str(error)) from error


def _promise(raw: Any) -> tuple[int, str]:
    number, what = raw
    if type(number) is not int or type(what) is not str:
        raise ValueError(f"{raw!r} is not the number of a request with its promise")
    return number, what


def _promising(start: WorkloadStart) -> frozenset[int] | None:
    """The requests of the mix whose good answers promise something, by number; None where the history does not say."""
    requests = (start.spec or {}).get("requests")
    if isinstance(requests, Sequence) and all(isinstance(one, Mapping) for one in requests):
        return frozenset(number for number, one in enumerate(requests) if one.get("acknowledged"))
    return frozenset({0}) if len(start.requests) == 1 else None


def _readback(directory: Path, event: Event[ProbeReadback] | Event[ProbeEffect]) -> Mapping[str, int]:
    """What a readback found.

    Raises:
        HistoryError: its file is not there, or not as it was written.
    """
    body = event.body
    if not body.file or event.damaged:
        raise HistoryError("What was read back was not saved", where=f"event {event.id}")
    path = directory / Path(body.file).name
    data = data_of(path, "What was read back cannot be read")
    if body.sha256 is not None and hashlib.sha256(data).hexdigest() != body.sha256:
        raise HistoryError(
            "What was read back was changed",
            where=str(path),
            got=f"{len(data)} bytes that are not those which the history hashed",
        )
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=tuple)  # a mapping with what is in it twice
    except (ValueError, RecursionError) as error:
        raise HistoryError("What was read back is damaged", where=str(path), got=str(error)) from error
    counts: dict[str, int] = dict(found) if isinstance(found, tuple) else {}
    if type(found) is not tuple or len(counts) != len(found) or not all(type(one) is int for one in counts.values()):
        raise HistoryError(
            "What was read back is damaged", where=str(path), expected="a JSON mapping of names to counts"
        )
    if body.pieces is not None and len(counts) != body.pieces:
        got = f"{path.name} holds {len(counts)} pieces, and the history counted {body.pieces}"
        raise HistoryError("What was read back is not all there", where=str(path), got=got)
    return counts


def _in_a_line(error: HistoryError) -> str:
    """For a verdict's reason: what, where and why."""
    said = [error.what, *(part for part in (error.where, error.got) if part)]
    return ": ".join(said)
