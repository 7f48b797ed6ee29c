"""Work on several threads that Ctrl-C need not wait for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from types import TracebackType
from typing import Any, TypeVar

from harness.signals import wait_for

T = TypeVar("T")


def concurrently(tasks: Sequence[Callable[[], T]], limit: int) -> list[T]:
    """Do the tasks on at most `limit` threads; returns their results in order.

    What interrupts the wait (Ctrl-C) leaves it at once: no further task begins, and those under way are left to end
    with this process, which takes their connections with it. A thread pool would first wait for all of them.

    Raises:
        whatever the first task that failed has raised, once all of them have ended.
    """
    waiting: queue.SimpleQueue[tuple[Callable[[], T], Future[T]]] = queue.SimpleQueue()
    futures: list[Future[T]] = []
    for task in tasks:
        futures.append(Future())
        waiting.put((task, futures[-1]))

    def work() -> None:
        while True:
            try:
                task, future = waiting.get_nowait()
            except queue.Empty:
                return
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(task())
                except BaseException as error:
                    future.set_exception(error)

    for number in range(min(limit, len(tasks))):
        threading.Thread(target=work, name=f"task-{number}", daemon=True).start()
    try:
        wait(futures)
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    return [future.result() for future in futures]


class DaemonThreads(Executor):
    """A thread for every task, so that tasks may wait for each other.

    As a block it waits for all of them at its end, unless an interrupt ends it: that leaves at once, and the tasks end
    when what they wait for goes, or with this process. The standard library's pool waits for them even at the
    process's exit.

    Args:
        name: of the threads.
    """

    def __init__(self, name: str) -> None:
        self._name, self._futures = name, list[Future[Any]]()

    def submit(self, task: Callable[..., T], /, *arguments: Any, **keywords: Any) -> Future[T]:
        """Begin a task."""
        future: Future[T] = Future()

        def work() -> None:
            future.set_running_or_notify_cancel()
            try:
                future.set_result(task(*arguments, **keywords))
            except BaseException as error:
                future.set_exception(error)

        self._futures.append(future)
        threading.Thread(target=work, name=f"{self._name}-{len(self._futures)}", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - all have begun
        """Wait for all tasks."""
        if wait:
            self.finish()

    def finish(self, *, ending: float = float("inf")) -> bool:
        """Wait for all tasks; once a signal has arrived, for at most `ending` seconds more. True if all have ended."""
        over = threading.Event()

        def watch() -> None:
            wait(self._futures)
            over.set()

        threading.Thread(target=watch, name=f"{self._name}-end", daemon=True).start()
        return wait_for(over, ending=ending)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, Exception):
            wait(self._futures)
