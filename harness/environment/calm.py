"""Cleaning up without being interrupted half-way."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C, SIGTERM and SIGHUP off within the block, and say so; they are asked for the end that it brings.

    Outside the main thread, which alone receives signals, there is nothing to hold off.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def say(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        print("cleaning up; a moment, please", file=sys.stderr)

    before = {number: signal.signal(number, say) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
