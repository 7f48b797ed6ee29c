"""Several runs of a table side by side, in its order, until enough of them count."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from harness.selftest.results import Results
from harness.selftest.table import Case, Result
from harness.signals import uninterrupted

POLL_EVERY = 0.5  # s between two looks for Ctrl-C


class WorkStopped(Exception):
    """A run was told to end before it had a result."""


Work = Callable[[Case, threading.Event], Result]  # raises Stopped when the event is set


def work_off(
    cases: Iterable[Case],
    work: Work,
    results: Results,
    *,
    wanted: int,
    jobs: int,
    told: Callable[[Result], None] = lambda _result: None,
) -> int:
    """Work cases off that have no result yet, until `wanted` count; undisturbed ones are always done. Returns how many
    count: fewer than wanted where the table ends before.

    The cases that are done are the first ones of the table, however many run at once: one more begins only while those
    that run would not be enough if each of them counts.

    Ctrl-C ends the runs that are under way in good order; they have no result, and are done again next time.

    Args:
        work: does one, in a thread.
        told: called with each new result, in the caller's thread.
    """
    stop, feed = threading.Event(), _Feed(iter(cases), results, wanted)
    running: dict[Future[Result], Case] = {}
    with ThreadPoolExecutor(jobs) as pool:
        try:
            while True:
                while len(running) < jobs and (case := feed.next(running.values())) is not None:
                    running[pool.submit(work, case, stop)] = case
                if not running:
                    return feed.counted
                done, _ = wait(running, timeout=POLL_EVERY, return_when=FIRST_COMPLETED)
                for future in done:
                    del running[future]
                    result = future.result()
                    results.add(result)
                    feed.counted += result.counts
                    told(result)
        except BaseException:
            with uninterrupted():
                stop.set()
                wait(running)
            raise


class _Feed:
    """Gives out the cases that have no result, in order, as long as more are wanted."""

    def __init__(self, table: Iterator[Case], results: Results, wanted: int) -> None:
        self._table, self._results, self._wanted = table, results, wanted
        self._ahead: Case | None = None
        self.counted = 0

    def next(self, running: Iterable[Case]) -> Case | None:
        """The next one, or None where none is to begin now."""
        while (case := self._ahead or next(self._table, None)) is not None:
            self._ahead = None
            if (result := self._results.get(case.n)) is not None:
                self.counted += result.counts
                continue
            under_way = sum(not one.undisturbed for one in running)
            if not case.undisturbed and self.counted + under_way >= self._wanted:
                self._ahead = case
                return None
            return case
        return None
