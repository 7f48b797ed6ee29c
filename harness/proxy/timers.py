"""Timers finer than a millisecond. The event loops round to milliseconds, which is too coarse for a latency of one;
a timerfd wakes the loop at the right time. Where there is none, the loop's own timers are used."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import os
import time
from collections.abc import Callable

DOZE = 0.001
SWEEP = 4096  # after so many timers, forget those that were cancelled; else a far one would be kept until it is due
FOREVER = 10 * 365 * 86400.0


class Timer:
    """A call that is due at a time of `time.monotonic`."""

    __slots__ = ("call", "due", "order")

    def __init__(self, due: float, order: int, call: Callable[[], None]) -> None:
        self.due, self.order = due, order
        self.call: Callable[[], None] | None = call

    def __lt__(self, other: Timer) -> bool:
        return (self.due, self.order) < (other.due, other.order)

    def cancel(self) -> None:
        self.call = None


class Timers:
    """Every timer of a server, on one timerfd."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[Timer] = []
        self._order = 0
        self._armed = 0.0
        self._handle: asyncio.TimerHandle | None = None
        self._fd: int | None = None
        self._set: Callable[[float], None] = self._arm_loop
        clock = _timerfd()
        if clock is not None:
            self._fd, self._set = clock
            loop.add_reader(self._fd, self._wake)

    def after(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Call after so many seconds; a negative time means as soon as possible."""
        return self.at(time.monotonic() + min(max(seconds, 0.0), FOREVER), call)

    def at(self, due: float, call: Callable[[], None]) -> Timer:
        """Call at a time of `time.monotonic`."""
        self._order += 1
        if self._order % SWEEP == 0:
            self._heap = [timer for timer in self._heap if timer.call is not None]
            heapq.heapify(self._heap)
        timer = Timer(due, self._order, call)
        heapq.heappush(self._heap, timer)
        if not self._armed or due < self._armed:
            self._arm(due)
        return timer

    def close(self) -> None:
        if self._fd is not None:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = None
        self._heap.clear()

    def _arm(self, due: float) -> None:
        """Wake at that time. A processor that slept long wakes late; so a long sleep ends a little before its time."""
        if self._fd is not None and due - time.monotonic() > 2 * DOZE:
            due -= DOZE
        self._armed = due
        self._set(due)

    def _arm_loop(self, due: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self._loop.call_later(max(0.0, due - time.monotonic()), self._wake)

    def _wake(self) -> None:
        if self._fd is not None:
            with contextlib.suppress(BlockingIOError):
                os.read(self._fd, 8)
        self._armed = 0.0
        now = time.monotonic()
        while self._heap and (self._heap[0].due <= now or self._heap[0].call is None):
            call = heapq.heappop(self._heap).call
            if call is not None:
                try:
                    call()
                except Exception as error:
                    self._loop.call_exception_handler({"message": "a timer failed", "exception": error})
        if self._heap and (not self._armed or self._heap[0].due < self._armed):
            self._arm(self._heap[0].due)


def _timerfd() -> tuple[int, Callable[[float], None]] | None:
    """A timerfd and what sets it to a time of `time.monotonic`; Python itself has this only from 3.13 on."""
    try:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        fd: int = libc.timerfd_create(1, os.O_NONBLOCK | os.O_CLOEXEC)  # 1 is CLOCK_MONOTONIC
        settime = libc.timerfd_settime
        value = (ctypes.c_long * 4)()  # interval (s, ns), first expiry (s, ns)
        pointer = ctypes.byref(value)
    except (ImportError, OSError, AttributeError):
        return None
    if fd < 0:
        return None

    def arm(due: float) -> None:
        nanoseconds = max(int(due * 1e9), 1)
        value[2], value[3] = divmod(nanoseconds, 1_000_000_000)
        settime(fd, 1, pointer, None)  # 1: the time is absolute

    return fd, arm
