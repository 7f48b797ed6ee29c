"""Work on several threads that Ctrl-C need not wait for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import TypeVar

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
