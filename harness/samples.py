"""The samples of a workload: every request of it, in a compact binary file beside the history.

A file is the 16 bytes of `MAGIC`, then one record of `SAMPLE` (36 bytes, little-endian) for each attempt of each
request, in the order in which they ended. A run that is killed may leave a part of a record at the end; readers leave
it out.

| field | meaning |
| --- | --- |
| `intended` | when the request was due, in seconds since the workload began. Attempts of one request share it |
| `id` | what `{id}` stood for; -1 for none |
| `n` | its number in the schedule, from 0 |
| `sent` | seconds after `intended` at which this attempt was sent: the first one's is the generator's own lateness |
| `latency` | seconds from `intended` to the end of the answer, or to the moment in which the attempt was given up |
| `outcome` | the HTTP status, or below 100 one of `CODES` |
| `server` | who answered: a number that a `workload.name` event gives a name; 0 for unknown |
| `request` | which request of the mix, as in `workload.start`: `requests` |
| `attempt` | 1, or more where the retry model sent it again |
| `flags` | `OK`: the answer passed its checks; `CANARY`; `FINAL`: no further attempt follows |

The history indexes it. `workload.start` names the file and says at which second of the history it begins (`at`), so
`at + intended` is on the history's axis; `workload` events name the numbers of their window, `first` to before `last`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.errors import HistoryError
from harness.history import Event

VERSION = 1
MAGIC = b"harness-samples" + bytes([VERSION])
SAMPLE = np.dtype(
    [
        ("intended", "<f8"), ("id", "<i8"), ("n", "<u4"), ("sent", "<f4"), ("latency", "<f4"), ("outcome", "<u2"),
        ("server", "<u2"), ("request", "<u2"), ("attempt", "u1"), ("flags", "u1"),
    ]
)  # fmt: skip
OK, CANARY, FINAL = 1, 2, 4
CODES = {  # outcomes that are no HTTP status; 0 is never written
    1: "timeout",
    2: "connection refused",
    3: "connection reset",
    4: "closed before the whole answer",
    5: "not HTTP",
    6: "answer too large",
    7: "network error",
    8: "shed",
    9: "unexpected answer",
    10: "the callable raised",
    11: "TLS failed",
    12: "answered",  # by something that has no HTTP status: raw TCP, a callable
}
SHED = 8  # not sent, because too many were in flight; counts as a failure

Records: TypeAlias = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Stream:
    """One workload's samples.

    Attributes:
        start: id of its `workload.start`.
        environment: whose load it was.
        arm: `subject`, or `control` for the untouched environment beside it.
        at: the second of the history at which it began.
        began: the same in Unix time.
        key: request n carries `<key>-<n>` where its template says `{key}`.
        requests: names of the requests of the mix, by number.
        servers: names of those who answered, by number.
        records: of `SAMPLE`, in the order of their ends.
        promises: request's number and what identifies the work that its answer acknowledged.
        problem: why the records are not all there, in words; empty where nothing is known to be missing.
    """

    start: int
    environment: str
    arm: str
    at: float
    began: float
    key: str
    requests: tuple[str, ...]
    servers: Mapping[int, str]
    records: Records
    problem: str = ""
    promises: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of all workloads of a history, in the order in which those began.

    Attributes:
        readbacks: by the id of a `probe.readback`, how often each piece of work was found. One whose file is not to be
            had is left out.
    """

    streams: tuple[Stream, ...] = ()
    readbacks: Mapping[int, Mapping[str, int]] = field(default_factory=dict)

    def of(self, environment: str, arm: str | None = None) -> tuple[Stream, ...]:
        """Those of an environment, and of an arm where one is named."""
        return tuple(one for one in self.streams if one.environment == environment and arm in (None, one.arm))


def append(file: int, records: Records) -> None:
    """Append records to an open file; the magic first where it is empty. Raises OSError."""
    data = records.astype(SAMPLE, copy=False).tobytes()
    if os.fstat(file).st_size == 0:
        data = MAGIC + data
    while data:
        data = data[os.write(file, data) :]


def load(path: Path) -> Records:
    """The whole records of a file.

    Raises:
        HistoryError: it cannot be read, is no such file, or was written by a newer version.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise HistoryError("The samples cannot be read", where=str(path), got=error.strerror or str(error)) from error
    head, name = data[: len(MAGIC)], MAGIC[:-1]
    if head.startswith(name) and len(head) == len(MAGIC) and head[-1] > VERSION:
        raise HistoryError(
            "The samples were written by a newer version of the harness",
            where=str(path),
            got=f"format {head[-1]}",
            expected=f"format {VERSION} or earlier",
            hint="update rollback-harness and read it again",
        )
    if not MAGIC.startswith(head):
        raise HistoryError("This is not a file of samples", where=str(path), got=repr(head), expected=repr(MAGIC))
    whole = (len(data) - len(MAGIC)) // SAMPLE.itemsize
    if whole <= 0:
        return np.empty(0, SAMPLE)
    return np.frombuffer(data, SAMPLE, whole, len(MAGIC))


def read(directory: Path, events: Iterable[Event]) -> Samples:
    """The samples that a history indexes.

    A file that is missing or damaged leaves its stream empty, with the reason in `problem`: what needs it is unknown.

    Args:
        directory: where the history lies; the files' names count from there.
        events: of the history.
    """
    names: dict[int, dict[int, str]] = {}
    starts: list[Event] = []
    readbacks: dict[int, Mapping[str, int]] = {}
    for event in events:
        if event.kind == "workload.start":
            starts.append(event)
        elif event.kind == "workload.name":
            names.setdefault(int(event.data["start"]), {})[int(event.data["number"])] = str(event.data["name"])
        elif event.kind == "probe.readback" and (found := _readback(directory, event)) is not None:
            readbacks[event.id] = found
    return Samples(tuple(_stream(directory, start, names.get(start.id, {})) for start in starts), readbacks)


def _stream(directory: Path, start: Event, servers: Mapping[int, str]) -> Stream:
    data, problem, records = start.data, "", np.empty(0, SAMPLE)
    name, promised = str(data.get("file") or ""), data.get("promises")
    promises: tuple[tuple[int, str], ...] = ()
    if not name or Path(name).name != name:
        problem = f"event {start.id} of the history names no file of samples: {name!r}"
    else:
        try:
            records = load(directory / name)
            promises = _promises(directory / Path(str(promised)).name) if promised else ()
        except HistoryError as error:
            problem = str(error)
    return Stream(
        start=start.id,
        environment=str(data.get("environment") or ""),
        arm=str(data.get("arm") or "subject"),
        at=float(data.get("at") or 0.0),
        began=float(data.get("began") or 0.0),
        key=str(data.get("key") or ""),
        requests=tuple(str(one) for one in data.get("requests") or ()),
        servers=servers,
        records=records,
        problem=problem,
        promises=promises,
    )


def _promises(path: Path) -> tuple[tuple[int, str], ...]:
    """The promises of a file of JSON lines `[n, what]`; none where nothing was promised yet. A torn end is left out."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise HistoryError("The promises cannot be read", where=str(path), got=error.strerror or str(error)) from error
    try:
        return tuple((int(n), str(what)) for n, what in map(json.loads, lines))
    except (ValueError, TypeError, RecursionError) as error:
        raise HistoryError("The promises are damaged", where=str(path), got=str(error)) from error


def _readback(directory: Path, event: Event) -> Mapping[str, int] | None:
    """What a readback found; None where it is not to be had."""
    name = event.data.get("file")
    try:
        raw = json.loads((directory / Path(str(name)).name).read_text(encoding="utf-8")) if name else None
        return {str(what): int(count) for what, count in raw.items()} if raw is not None else None
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None
