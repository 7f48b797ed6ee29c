"""A timer that wakes an event loop within microseconds: Linux's timerfd, whose file the loop watches."""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from collections.abc import Callable

CLOCK_MONOTONIC, ABSOLUTE, NONBLOCKING, CLOSED_ON_EXEC = 1, 1, 0o4000, 0o2000000


class Timer:
    """Calls back at moments of the monotonic clock. Where there is no timerfd, with the loop's own timers.

    asyncio rounds its timeouts up to the next millisecond; that would be the generator's lateness.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop, self._callback = loop, callback
        self._handle: asyncio.TimerHandle | None = None
        self._file: int | None = None
        try:
            self._libc = ctypes.CDLL(None, use_errno=True)
            file = self._libc.timerfd_create(CLOCK_MONOTONIC, NONBLOCKING | CLOSED_ON_EXEC)
        except (OSError, AttributeError):
            file = -1
        if file >= 0:
            self._file = file
            loop.add_reader(file, self._fired)

    def at(self, moment: float) -> None:
        """Call back at this moment; replaces the one before. A moment that is over calls back at once."""
        if self._file is None:
            if self._handle is not None:
                self._handle.cancel()
            self._handle = self._loop.call_at(moment, self._callback)
            return
        whole = max(1, int(moment * 1e9))  # 0 would switch it off
        setting = struct.pack("@4l", 0, 0, whole // 1_000_000_000, whole % 1_000_000_000)
        if self._libc.timerfd_settime(self._file, ABSOLUTE, setting, None) != 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def close(self) -> None:
        """Stop the timer."""
        if self._handle is not None:
            self._handle.cancel()
        if self._file is not None:
            self._loop.remove_reader(self._file)
            os.close(self._file)
            self._file = None

    def _fired(self) -> None:
        try:
            os.read(self._file if self._file is not None else -1, 8)
        except BlockingIOError:
            return  # it was set again meanwhile
        self._callback()
