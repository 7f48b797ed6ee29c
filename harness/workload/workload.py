"""The workload as its user sees it: started, measured in windows, stopped."""

from __future__ import annotations

import dataclasses
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from harness.clock import Clock, SystemClock
from harness.errors import NotMeasured, UsageError, unwritable
from harness.events import Counted, Note, WorkloadName, WorkloadReads, WorkloadSaved, WorkloadStart
from harness.files import unused
from harness.history import History
from harness.samples.records import SAMPLE, VERSION
from harness.waiting import pause
from harness.workload import promises
from harness.workload.process import GeneratorProcess
from harness.workload.reading import ReadResults
from harness.workload.samples import RunningSamples, Window
from harness.workload.spec import Spec

STARTS = 20.0  # seconds within which the generator begins
MOST_READS = 2000  # records that are asked for in one pass at most
PASS_WITHIN = 30.0  # s that a pass may take
READ_AGAIN = 0.5  # s between two passes


@dataclasses.dataclass(slots=True)
class Measurement:
    """A window that is being measured; `window` is there when it is over."""

    window: Window | None = None


class Workload:
    """Runs a generator, and turns its samples into windows and `workload` events.

    The windows cut the schedule: a request belongs to the window in which it was due, and a window is over when all of
    its requests are answered or have timed out. Also a context manager, which stops it and leaves nothing behind.

    Args:
        spec: the load.
        history: where the windows are recorded.
        samples: where every sample is written (see `samples`); None keeps them in memory only.
        clock: what waits.
        arm: `subject`, or `control` for the load of the untouched environment beside it.
    """

    def __init__(
        self,
        spec: Spec,
        history: History,
        *,
        samples: Path | None = None,
        clock: Clock | None = None,
        arm: str = "subject",
    ) -> None:
        self.key = spec.key or secrets.token_hex(4)
        self.spec = dataclasses.replace(spec, key=self.key)
        self._history, self._given, self._clock = history, samples, clock or SystemClock()
        self._path: Path | None = None  # where the samples of this start are
        self.arm = arm
        self._times = np.empty(0)  # when each request is due, in seconds since the workload began
        self.samples: RunningSamples | None = None
        self._start: int | None = None  # id of its workload.start
        self._generator = GeneratorProcess(self._hear)
        self._news = self._generator.news
        self._began = 0.0
        self._end: str | None = None
        self._open: tuple[str, int] | None = None
        self._promises: Path | None = None
        self._told = False  # that the samples cannot be saved
        self._counted: tuple[Counted, Counted | None] | None = None  # what the history counted last
        self._reads = ReadResults(self.spec)

    @property
    def began(self) -> float:
        """When request 0 was due, by the machine's clock that never jumps."""
        return self._began

    @property
    def pid(self) -> int | None:
        """The generator's process id while there is one."""
        return self._generator.pid

    def start(self, phase: str | None = None) -> None:
        """Start the load, and the window of a phase where one is named.

        Raises:
            NotMeasured: it does not begin. NoSpace, Unwritable: its samples cannot be written.
        """
        if self.pid is not None:
            raise UsageError("The workload is running already", hint="mark(phase) begins its next window")
        self._apart()
        self._end, self.samples, self._counted = None, None, None
        self._times = self.spec.schedule.times(self.spec.limit, self.spec.seed)
        self._reads = ReadResults(self.spec)
        self._generator.start()
        try:
            self._generator.tell(self.spec.to_json())
            self._begin()
        except BaseException:
            self._kill()
            raise
        if phase is not None:
            self._open = (phase, 0)

    def _apart(self) -> None:
        """What is started again is another load: its requests must not be taken for those of the first, and what the
        first left stays as it is.
        """
        if self._start is not None:
            self.key = secrets.token_hex(4)
            self.spec = dataclasses.replace(self.spec, key=self.key)
        self._path = None if self._given is None else unused(self._given)
        named = any(one.acknowledged for one in self.spec.requests)
        self._promises = promises.beside(self._path) if self._path is not None and named else None

    def _begin(self) -> None:
        self._generator.wait(lambda: self.samples is not None, STARTS)
        if (error := self._generator.unwritable) is not None:
            raise unwritable("The samples cannot be written", self._path, error) from error
        if self.samples is None:
            raise self._broken("The workload did not begin")

    def running(self) -> bool:
        """Requests are being sent."""
        return self._generator.running

    def mark(self, phase: str) -> Window | None:
        """End the window that is open, if one is, record it, and begin that of `phase` at the same moment."""
        self._check()
        now = self._next()
        before, self._open = self._open, (phase, now)
        return self._measure(*before, now) if before else None

    @contextmanager
    def window(self, phase: str) -> Iterator[Measurement]:
        """Measure while a block runs; windows may overlap. A block that raises is measured as far as it can be."""
        self._check()
        measurement, first = Measurement(), self._next()
        try:
            yield measurement
        except Exception:
            with suppress(NotMeasured):
                self._measure(phase, first, self._next())
            raise
        measurement.window = self._measure(phase, first, self._next())

    def baseline(self, seconds: float, phase: str = "baseline") -> Window:
        """Measure for so many seconds; starts the workload if it is not running."""
        if self.pid is None:
            self.start()
        with self.window(phase) as measurement:
            ended = self._clock.wait(self._generator.silent, seconds)
        if ended or measurement.window is None:
            raise self._broken("The workload ended before its baseline was over")
        return measurement.window

    def stop(self) -> Window | None:
        """Stop the load, and end the window that is open, if one is. Raises NotMeasured if the generator broke."""
        if self.pid is None:
            return None
        try:
            self._check()
            first, now = self._open, self._next()
            self._generator.tell(f"stop {now}")
            window = self._measure(*first, now) if first else None
            self._generator.wait(lambda: self._end is not None, self.spec.timeout + 2.0)
            return window
        finally:
            self._kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.stop()
        else:
            self._kill()

    def _next(self) -> int:
        """The number of the next request that is due."""
        now, limit = max(0.0, time.monotonic() - self._began), self.spec.limit
        # Beyond its limit it sends no more; that more would have been due is what tells.
        return int(np.searchsorted(self._times, now)) + int(max(0.0, now - limit) * self.spec.rate)

    def _measure(self, phase: str, first: int, last: int) -> Window:
        samples = self.samples
        if samples is None:
            raise self._broken("The workload has no samples")
        until = time.monotonic() - self._began
        self._generator.wait(lambda: samples.complete >= last, self.spec.timeout + 2.0)
        if samples.complete < last and self._end is None:
            self._check()
        with self._news:
            window = samples.window(phase, first, last, until, self._start)
            self.count()
        self._history.record(window)
        if self._reads.declared:
            began = float(self._times[first]) if first < len(self._times) else until
            with self._news:
                body = self._reads.beside(self._start, began, self._history.at(self._began))
            self._history.record(body, phase=phase)
        if samples.problem is not None and not self._told:
            self._told = True
            self._history.record(Note(f"the samples of the workload cannot be saved: {samples.problem}"))
        return window

    def read_everything(self, phase: str, most: int = MOST_READS) -> WorkloadReads | None:
        """Ask for everything that was acknowledged up to now, once; and for what is not found as it was written again,
        as long as it may take to be there. Recorded as of the phase. None where nothing is declared.

        Args:
            most: so many records; of more, so many that are evenly spread.

        Raises:
            NotMeasured: the generator broke.
        """
        if not self._reads.declared:
            return None
        self._check()
        until = time.monotonic() + self._reads.within
        done = self._pass(f"everything {{}} {most}")
        while done and self._reads.bad and time.monotonic() < until:
            pause(READ_AGAIN, self._clock)
            done = self._pass("again {}")
        if not done and self._end is None:
            self._check()
        with self._news:
            error = None if done else f"the reads were not over within {PASS_WITHIN:g} s"
            body = self._reads.everything(self._start, self._history.at(self._began), error)
        self._history.record(body, phase=phase)
        return body

    def _pass(self, command: str) -> bool:
        """Let the generator read; whether it has."""
        with self._news:
            number = self._reads.begin()
        self._generator.tell(command.format(number))
        self._generator.wait(lambda: self._reads.passed == number, PASS_WITHIN)
        return self._reads.passed == number

    def caught_up(self) -> float | None:
        """Wait until it is known what came of every request that was due before now. Returns that moment, by
        `time.monotonic()`; None where the generator did not tell in time.

        Raises:
            NotMeasured: the generator broke.
        """
        now, samples = time.monotonic(), self.samples
        if samples is None or self.pid is None:
            return None if samples is None else now  # what has ended has told everything
        last = self._next()
        self._generator.wait(lambda: samples.complete >= last, self.spec.timeout + 2.0)
        if samples.complete < last and self._end is None:
            self._check()
            return None
        return now

    def count(self, *, final: bool = False) -> None:
        """Have in the history how much is saved by now, with its digest: what is judged from here on rests on it.

        Args:
            final: the load has ended.
        """
        with self._news:
            counted = None if self.samples is None else self.samples.counted()
            if counted is not None and (final or counted != self._counted):
                self._counted = counted
                self._history.record(WorkloadSaved(self._start, final, *counted))

    def _check(self) -> None:
        self._generator.check(self._where, ended=self._end is not None)

    def _broken(self, what: str) -> NotMeasured:
        return self._generator.broken(what, self._where)

    @property
    def _where(self) -> str:
        return f"{', '.join(one.name for one in self.spec.requests)} to {self.spec.host}:{self.spec.port}"

    def _hear(self, said: Mapping[str, Any], data: bytes) -> None:
        """Take in what the generator says."""
        if "began" in said:
            self._began = said["began"]
            self.samples = self._first(said["wall"])
        if self.samples is not None:
            self._take(self.samples, said, data)
        self._end = said.get("end", self._end)

    def _first(self, wall: float) -> RunningSamples:
        """The generator began: from here on the history knows of its samples."""
        body = WorkloadStart(
            file=self._path.name if self._path else None,
            format=VERSION,
            began=wall,
            at=self._history.at(self._began),
            arm=self.arm,
            key=self.key,
            promises=self._promises.name if self._promises else None,
            requests=[one.name for one in self.spec.requests],
            rate=self.spec.rate,
            timeout=self.spec.timeout,
            spec=json.loads(self.spec.to_json()),
        )
        self._start = self._history.record(body).id
        samples = RunningSamples(
            self._times, wall, self._path, self._promises, [one.name for one in self.spec.requests]
        )
        for one in samples.files:
            self._history.keep(one.file)
        return samples

    def _take(self, samples: RunningSamples, said: Mapping[str, Any], data: bytes) -> None:
        """What a line of the generator brings. A name is known before the samples that refer to it."""
        for number, (name, release, names) in said.get("names", {}).items():
            samples.servers[int(number)], samples.releases[int(number)] = name, release
            self._history.record(WorkloadName(self._start, int(number), name, release, names))
        samples.add(np.frombuffer(data, SAMPLE, len(data) // SAMPLE.itemsize))
        samples.promise(said.get("promised", ()))
        if "reads" in said:
            self._reads.take(said["reads"])

    def _kill(self) -> None:
        """Nothing stays behind: not the process, not the thread, no open file."""
        self._open = None
        if self._generator.kill() and self.samples is not None:
            self.samples.close()
            self.count(final=True)
