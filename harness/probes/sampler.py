"""Looks at a whole environment once a second, and records what it sees.

One thread asks all, then takes the answers: everything that is asked answers at the same time, and what does not answer
delays none of the others, because what the others said lies ready meanwhile.
"""

from __future__ import annotations

import threading
import time
from typing import Self

from harness.events import Note
from harness.history import History
from harness.probes import Sampled, Sampling, samplings

ENDS_WITHIN = 5.0  # s for ending the programs that were kept running, all together
WAIT = 0.7  # of the interval: how long an answer may take before its second is recorded without it


class Sampler:
    """Records `probe.replica` for every replica, the event of every declared server (`probe.postgres`, ...) and
    `probe.queue`, every second between `start` and `stop`, or within its block.

    Args:
        environment: up.
        every: seconds.

    Attributes:
        ticks: how often it has looked.
    """

    def __init__(self, environment: Sampled, history: History, *, every: float = 1.0) -> None:
        self._history, self._every = history, every
        self._places: tuple[Sampling, ...] = tuple(samplings(environment, history))
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._broken: set[str] = set()
        self._silent: set[Sampling] = set()
        self.ticks = 0

    @property
    def running(self) -> bool:
        """It was started and not stopped."""
        return self._thread is not None

    def start(self) -> None:
        """Begin."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End, with every program that was kept running. May be called twice."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
            closing = [threading.Thread(target=place.close, daemon=True) for place in self._places]
            for one in closing:
                one.start()
            end = time.monotonic() + ENDS_WITHIN
            for one in closing:  # a replica that does not answer ends what runs in it when it is removed
                one.join(max(0.0, end - time.monotonic()))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopping.is_set():
            self._look(due + WAIT * self._every)
            self.ticks += 1
            # A second that was missed is not made up for: two looks at once tell no more than one.
            due = max(due + self._every, time.monotonic())
            self._stopping.wait(due - time.monotonic())

    def _look(self, until: float) -> None:
        for place in self._places:
            try:
                place.begin(self.ticks)
            except Exception as error:
                self._failed(place, error)
        # Who did not answer before comes last, so that the others' events are recorded when they were seen.
        for place in sorted(self._places, key=self._silent.__contains__):
            try:
                event = place.finish(until)
            except Exception as error:
                self._failed(place, error)
                continue
            (self._silent.discard if event.body.error is None else self._silent.add)(place)

    def _failed(self, place: Sampling, error: Exception) -> None:
        """A mistake of one probe is no reason to lose the others; it is said once, and its events are missing."""
        what = f"{type(place).__name__} of {place.name}"
        if what not in self._broken:
            self._broken.add(what)
            self._history.record(Note(f"the probe {what} failed: {type(error).__name__}: {error}"))
