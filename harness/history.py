"""The append-only record of a run: `events.jsonl`, one event a line, flushed as it happens.

Line: `{"v": 1, "id": 7, "t": 1333525500.123, "s": 12.345, "kind": "deployer.end", "data": {...}}` where `v` is the
version of the format, `id` counts from 0 without gaps, `t` is Unix time in seconds, `s` are monotonic seconds since the
history began and `data` holds the fields of the kind: `harness.events` declares every one of them.

Every event that belongs to a phase of a plan carries `phase` (`baseline`, `deployed`, `rolled-back`, ...) in its data,
one of a step of a plan `plan_step`, its number, and every event of an environment carries `environment`, its name.
Secrets in any field are replaced by digests (`hidden:1f2e3d4c5b6a`) before the event is kept, see `harness/redaction/`:
the same one gets the same within a run.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from harness.clock import Clock, SystemClock
from harness.errors import HistoryError, unwritable
from harness.event import VERSION, Event, of, read
from harness.events import Body, Raw, RunEnd, StepEnd, StepStart, encode
from harness.files import Kept
from harness.redaction import Redactor

__all__ = ["EVENTS", "VERSION", "Event", "History", "of", "read"]

T = TypeVar("T", bound=Body)

EVENTS = "events.jsonl"  # the name of the file, in the directory of its run


class History:
    """Appends events, hands them to listeners, and lets checks look back. Safe to use from several threads.

    A file that cannot be written stops nothing: who cleans up records what it does, and must not fail of it. The
    events stay in memory, every further one tries again to write what is missing, and `check` raises. So it is with a
    file that somebody else deletes, replaces or changes.

    Args:
        path: where the lines go; None keeps the history in memory only.
        clock: where the times come from.
        redactor: what hides secrets in every event before it is kept, written or handed on.
    """

    def __init__(self, path: Path | None = None, clock: Clock | None = None, redactor: Redactor | None = None) -> None:
        self.path = path
        self.redactor = redactor or Redactor()
        self.clock = clock or SystemClock()
        self._began = self.clock.monotonic()
        self._lock = threading.RLock()
        self._events: list[Event] = []
        self._listeners: list[Callable[[Event], None]] = []
        self._scope: dict[str, str | int] = {}
        self._file = None if path is None else Kept(path)  # has as many things as events that are written whole
        self._beside: list[Kept] = []
        self._problem: OSError | None = None
        self._closed = False

    def record(
        self, body: T, /, *, phase: str | None = None, environment: str | None = None, arm: str | None = None
    ) -> Event[T]:
        """Append one event; in the file before this returns, unless that cannot be written: see `check`.

        Args:
            phase, environment, arm: its context, where that is another one than the `scope` says.
        """
        given = {"phase": phase, "environment": environment, "arm": arm}
        own = {name: value for name, value in given.items() if value is not None}
        kind = body.name if isinstance(body, Raw) else body.kind
        with self._lock:
            data = self.redactor.event(kind, {**self._scope, **own, **encode(body)})
            since_start = round(self.clock.monotonic() - self._began, 6)
            event: Event[T] = Event(len(self._events), round(self.clock.now(), 6), since_start, kind, data)
            event.to_json()  # raises for what cannot be written before it is part of the history
            self._events.append(event)
            self._write()
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(event)
        return event

    def end(self, body: RunEnd) -> Event[RunEnd]:
        """Record the end of the run, with how many events came before it and the digest of their lines."""
        with self._lock:
            digest = hashlib.sha256()
            for event in self._events:
                digest.update(event.to_line())
            return self.record(msgspec.structs.replace(body, events=len(self._events), sha256=digest.hexdigest()))

    def _write(self) -> None:
        """Write every event that is not in the file yet."""
        if self._file is None or self._closed:
            return
        try:
            while self._file.count < len(self._events):
                self._file.append(self._events[self._file.count].to_line())
            self._problem = None
        except OSError as error:
            self._problem = error

    def keep(self, file: Kept) -> None:
        """Watch a file beside the history, to which its events refer: `check` raises when it is taken away."""
        with self._lock:
            self._beside.append(file)

    def check(self, *, whole: bool = False) -> None:
        """Make sure that everything so far is in the file, and that the file and those beside it are still there.

        Args:
            whole: compare every byte of them with what was written.

        Raises:
            NoSpace: the disk is full. Unwritable: another reason.
            HistoryError: somebody else deleted, replaced, cut off or changed one of the files.
        """
        with self._lock:
            self._write()
            if self._problem is not None:
                raise unwritable("The history cannot be written", self.path, self._problem) from self._problem
            for file in (self._file, *self._beside):
                if file is not None and (said := file.lost(whole=whole)):
                    raise HistoryError(
                        "A file of the run was changed while the run wrote to it",
                        where=str(file.path),
                        got=said,
                        expected="nothing but the harness writes there while it runs: verdicts rest on this file",
                        hint="find what cleans up or writes there, or name another directory with --out; run it again",
                    )

    @contextmanager
    def step(self, name: str, title: str = "") -> Iterator[Event[StepStart]]:
        """Record the start and the end of a step around a block; an exception passes through and marks it not ok."""
        start = self.record(StepStart(name, title or name))
        error: str | None = "interrupted"
        try:
            yield start
            error = None
        except Exception as exception:
            error = str(exception) or type(exception).__name__
            raise
        finally:
            seconds = round(self.clock.monotonic() - self._began - start.since_start, 6)
            self.record(StepEnd(start.id, name, error is None, seconds, error))

    @contextmanager
    def scope(
        self,
        *,
        environment: str | None = None,
        scenario: str | None = None,
        plan_step: int | None = None,
        phase: str | None = None,
    ) -> Iterator[None]:
        """Put these into every event recorded within the block, whatever thread records it."""
        given = {"environment": environment, "scenario": scenario, "plan_step": plan_step, "phase": phase}
        with self._lock:
            before = self._scope
            self._scope = {**before, **{name: value for name, value in given.items() if value is not None}}
        try:
            yield
        finally:
            with self._lock:
                self._scope = before

    def phase(self, name: str) -> AbstractContextManager[None]:
        """Stamp every event recorded within the block with this phase."""
        return self.scope(phase=name)

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with every event from now on, in the thread that records it."""
        with self._lock:
            self._listeners.append(listener)

    def at(self, monotonic: float) -> float:
        """A moment of the clock that never jumps, as seconds since this history began."""
        return round(monotonic - self._began, 6)

    @property
    def events(self) -> tuple[Event, ...]:
        """Every event so far, in order."""
        with self._lock:
            return tuple(self._events)

    def of(self, body: type[T], phase: str | None = None, *, environment: str | None = None) -> tuple[Event[T], ...]:
        """The events so far with a body of this kind, in order; see `harness.event.of`."""
        return of(self.events, body, phase, environment=environment)

    def close(self) -> None:
        """Close the file. What was recorded stays readable; nothing more can be appended to the file."""
        with self._lock:
            if self._file is not None and not self._closed:
                self._write()
                self._file.close()
            self._closed = True
