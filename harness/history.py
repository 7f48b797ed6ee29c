"""The append-only record of a run: `events.jsonl`, one event a line, flushed as it happens.

Line: `{"v": 1, "id": 7, "t": 1333525500.123, "s": 12.345, "kind": "deployer.end", "data": {...}}` where `v` is the
version of the format, `id` counts from 0 without gaps, `t` is Unix time in seconds, `s` are monotonic seconds since the
history began and `data` holds the fields of the kind:

| kind | fields of `data` |
| --- | --- |
| `run.start` | `harness`, `stack`, `from`, `to`, `engine`, `machine`, `versions` (mappings), `command` (list) |
| `run.end` | `outcome`, `reason`, `exit_code`, `events` (before it), `sha256` (of their lines) |
| `run.error` | `what`, `message`, `exit_code` |
| `plan` | `plan` (as its file has it), `text` (the lines that were printed) |
| `plan.step.start` | `number` (from 1), `name`, `title`, `planned` (the phase that the plan names), `changes` (it may |
| | change which release a replica runs) |
| `plan.step.end` | `number`, `done` (false: an error, or the plan ended here) |
| `step.start` | `name`, `title` |
| `step.end` | `start` (id of its step.start), `name`, `ok`, `seconds`, `error` (text or null) |
| `note` | `text` |
| `environment.up`, `environment.down` | `environment`, `release`, `seconds`; up also `seed` (of its faults) |
| `container` | `replica`, `action` (`die`, `oom`, `restart`, ...), `exit_code` (number or null), `replaced` (true: a |
| | deployer ended it, to put another container in its place) |
| `replica.replace` | `replica`, `release`, `release_from`, `order` (`stop-first`, `start-first`), `image` (digest), |
| | `started` (of the new container, as the engine writes it), `exit_code` (of the old one), `tail` (the last lines |
| | of its log), `saved` (directory with more of it, or null), `seconds` |
| `deployer.start` | `verb` (`deploy`, `rollback`), `release` (or null), `command` (list), `place` |
| `deployer.line` | `start` (id), `stream` (`out`, `err`), `text` |
| `deployer.end` | `start` (id), `verb`, `release`, `exit_code` (or null), `ended` (`exit`, `timeout`, `stopped`, |
| | `not started`, `lost`), `seconds`, `error` (text or null) |
| `probe.release` | `replica`, `release` (text or null), `error` (text or null); where the image tells: `image` |
| | (digest), `running` (false: the engine says that it does not run) |
| `probe.health` | `replica`, `ok` (true, false, null), `error` |
| `probe.registry` | `release` (text or null), `error` |
| `probe.queue` | `depth` (number or null), `age` (of the oldest, s or null), `error` |
| `probe.replica` | `replica`, `release`, `release_age` (s), `processes` (count), `list` (all of them, `[pid, parent, |
| | name, started, state]`, where one began or ended, else null), `entered`, `main`, `listening`, `deleted` (`[pid, |
| | place, path, inode, size]`), `cpu` (s), `throttled`, `throttled_seconds`, `cpu_limit`, `cpu_declared` (processors, |
| | or null), `memory`, `memory_limit` (bytes), `oom_kills`, `pressure`, `missing` (mapping field to reason), `error` |
| `probe.postgres` | `replica`, `connections` (by state), `waiting`, `longest`, `longest_idle` (s), `slowest`, |
| | `slowest_from`, `role`, `lag`, `standbys`, `schema` (digest), `error` |
| `probe.redis` | `replica`, `keys`, `expires`, `hits`, `misses`, `evicted`, `expired`, `memory`, `memory_limit`, |
| | `clients`, `blocked`, `rejected`, `uptime`, `role`, `error` |
| `probe.haproxy` | `replica`, `servers` (`[backend, server, status, weight, sessions, seconds since changed]`), |
| | `error` |
| `probe.mysql` | `replica`, `connections` (by command), `running`, `waiting`, `slow`, `questions`, `aborted`, |
| | `rejected`, `uptime`, `longest` (s), `role`, `lag` (s), `error` |
| `probe.memcached` | `replica`, `keys`, `hits`, `misses`, `evicted`, `memory`, `memory_limit`, `clients`, `rejected`, |
| | `uptime`, `error` |
| `probe.nginx` | `replica`, `clients`, `accepted`, `handled`, `requests`, `reading`, `writing`, `waiting`, `error` |
| `probe.rabbitmq` | `replica`, `messages`, `ready`, `unacknowledged`, `connections`, `channels`, `queues`, |
| | `consumers`, `memory`, `memory_limit`, `alarms` (names), `uptime`, `error`; all of these servers: `server`, |
| | the name in the stack, where it is not the service's |
| `fingerprint` | `name`, `replicas` (of each, its parts), `seconds`, `took` (s, of each): see docs/fingerprint.md |
| `probe.configuration` | `replica`, `release`, `error` |
| `probe.schema` | `release` (the answer as it came), `error` |
| `probe.readback` | `key` (of the workload), `before` (second of this history up to which acknowledged work must be |
| | there; null where that is not known), `pieces` (count or null), `file` (beside the history), `sha256`, `error` |
| `probe.container` | `replica`, `status` (`running`, `exited`, ..., or null), `started` (text or null), `exit_code`, |
| | `oom_killed`, `error` |
| `probe.log` | `replica`, `path`, `records` (new, complete; `heartbeats` and `elsewhere`, in files that the path |
| | does not name any more, are parts of it), `by_release` (mapping release to count; the empty text counts those that |
| | name none), `releases` (name to [first, last], Unix times), `unparsed`, `torn` (cut off at the end of a rotated |
| | part), `errors` (count), `error_lines` (first few), `newest` (time of the last record, as written, or |
| | null), `seconds` (watched), `silence` (the longest that was seen, s), `state` (`ok`, `missing`: was never |
| | there, `deleted`, `replaced`, `truncated`; null where it could not be read), `error`; `times`, `sequence`, |
| | `canaries` (key to the Unix time at which it was seen), `canary_looks` (key to the s since the look before that, |
| | where it was more than 0.5), `touched`, `hole` (NUL bytes skipped), `partial`, |
| | `file`, `changes`, `losses`, `unread_parts`, `writers`, `open`, `disk`, `mount`, `skew`, |
| | `unseen`: what became of the file, see docs/logs.md |
| `log.tail` | `replica`, `path`, `lines` (the latest records of a log, when the first check of a phase failed) |
| `fault.inject` | `fault`, `title`, `step` (the fault as a plan's step), `places` (links), `seed` |
| `fault.heal` | `start` (id of its fault.inject), `fault`, `bit`, `gone` (true, false, or null: cannot be told), |
| | `reason`, `figures` (mapping place to its counters: `connections`, `bytes`, `closed`, `refused` and those, |
| | of the link, `upstream` and `downstream`, bytes), `seconds` (that the healing took) |
| `workload.start` | `file` (of samples, beside the history: see `harness/samples/__init__.py`), `format`, `began` |
| | (Unix), `at` (second of this history at which it began), `arm` (`subject`, `control`), `key`, `promises` (file or |
| | null), `requests` (names), `spec` |
| `workload.name` | `start` (id of its workload.start), `number`, `name`: who a sample's `server` is |
| `workload.saved` | `start` (id of its workload.start), `final` (true: nothing follows), `samples` and `promises` |
| | (null where there is no such file): of each, what is in the file by now: `count` (records, lines), `sha256` (of |
| | the file up to there), `error` (why the rest could not be saved; text or null) |
| `workload` | `start` (id of its workload.start), `first`, `last` (numbers of the schedule: from, to before), |
| | `phase`, `intended` (due in the window), `sent`, `ok`, `failed` (sent = ok + failed), `shed` (not sent, |
| | because too many were in flight), `seconds`, `p50`, `p95`, `p99` (of ok, s or null), `lateness_p95`, |
| | `lateness_p99` (s or null), `blind` (s, the longest in which nothing was sent that was due), |
| | `statuses` (mapping), `errors` (mapping text to count), `longest_outage` (s), `served_by` (mapping name to count, |
| | empty where unknown), `began` (Unix time of the window's first due request) |
| `witness` | `place` (`door`, `harness`), `begin`, `end` (seconds of this history), `stood` (s that the machine stood |
| | still between them), `late` (of its ticks, in all), `worst` (of one), `waited` (for a processor), `synced` (for |
| | the disk), `steal`, `busy` (of all processors), all in s, or null; `processors`, `pressure` (s, of `cpu`, `io`, |
| | `memory`) |
| `verdict` | `check`, `outcome`, `reason`, `evidence` (ids), `look`, `phase`, `stalled` (true: unknown because the |
| | machine stood still), `parameters` (what the check was asked; null where no check was), `groundwork` (true: of |
| | a baseline, where a failure leaves it unknown), |
| | `link` (of a replayed chain: `text`, `expected` outcome, `parts`: verdicts with their `phase`) |

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
from typing import Any

from harness.clock import Clock, SystemClock
from harness.errors import HistoryError, unwritable
from harness.event import VERSION, Event, read, select
from harness.files import Kept
from harness.redaction import Redactor

__all__ = ["EVENTS", "VERSION", "Event", "History", "read", "select"]

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
        self._scope: dict[str, Any] = {}
        self._file = None if path is None else Kept(path)  # has as many things as events that are written whole
        self._beside: list[Kept] = []
        self._problem: OSError | None = None
        self._closed = False

    def record(self, kind: str, /, **data: Any) -> Event:
        """Append one event; in the file before this returns, unless that cannot be written: see `check`."""
        with self._lock:
            data = self.redactor.event(kind, {**self._scope, **data})
            since_start = round(self.clock.monotonic() - self._began, 6)
            event = Event(len(self._events), round(self.clock.now(), 6), since_start, kind, data)
            event.to_json()  # raises for what cannot be written before it is part of the history
            self._events.append(event)
            self._write()
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(event)
        return event

    def end(self, **data: Any) -> Event:
        """Record `run.end`, with how many events came before it and the digest of their lines."""
        with self._lock:
            digest = hashlib.sha256()
            for event in self._events:
                digest.update(event.to_line())
            return self.record("run.end", **data, events=len(self._events), sha256=digest.hexdigest())

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
    def step(self, name: str, title: str = "") -> Iterator[Event]:
        """Record the start and the end of a step around a block; an exception passes through and marks it not ok."""
        start = self.record("step.start", name=name, title=title or name)
        error: str | None = "interrupted"
        try:
            yield start
            error = None
        except Exception as exception:
            error = str(exception) or type(exception).__name__
            raise
        finally:
            seconds = round(self.clock.monotonic() - self._began - start.since_start, 6)
            self.record("step.end", start=start.id, name=name, ok=error is None, seconds=seconds, error=error)

    @contextmanager
    def scope(self, **fields: Any) -> Iterator[None]:
        """Put these fields into every event recorded within the block, whatever thread records it."""
        with self._lock:
            before, self._scope = self._scope, {**self._scope, **fields}
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

    def select(self, kind: str, **data: Any) -> tuple[Event, ...]:
        """The events of a kind whose data has these values, in order."""
        return select(self.events, kind, **data)

    def close(self) -> None:
        """Close the file. What was recorded stays readable; nothing more can be appended to the file."""
        with self._lock:
            if self._file is not None and not self._closed:
                self._write()
                self._file.close()
            self._closed = True
