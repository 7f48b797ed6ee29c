"""Ctrl-C, SIGTERM and SIGHUP: the first one unwinds the command, so that everything is cleaned up; later ones are
answered, and interrupt nothing. Parts that must not be left half-way hold all of them off.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from harness.errors import INTERNAL, INTERRUPTED, HarnessError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = "cleaning up; a moment, please (Ctrl-\\ gives up: `harness sweep` then removes the rest)\n"


class Terminated(BaseException):
    """SIGTERM or SIGHUP arrived: unwinds as Ctrl-C does. `exit_code` is 128 + the signal's number."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


class _Handler:
    """Raises once."""

    def __init__(self) -> None:
        self.raised = False

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if self.raised:
            _answer()
            return
        self.raised = True
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)


def install() -> None:
    """Take the signals over. One that the caller ignores (`nohup`, a shell's background job) stays ignored."""
    handler = _Handler()
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def exit_code_of(error: BaseException) -> int:
    """The exit code of a command that this ended."""
    if isinstance(error, HarnessError | Terminated):
        return error.exit_code
    return INTERNAL if isinstance(error, Exception) else INTERRUPTED


def in_words(error: BaseException) -> str:
    """What ended a command, for people: the signal, or else the kind of the error."""
    if isinstance(error, Terminated):
        return f"interrupted by {error}"
    return "interrupted by Ctrl-C" if isinstance(error, KeyboardInterrupt) else type(error).__name__


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C, SIGTERM and SIGHUP off within the block. The first of them is delivered when the block is over,
    unless what it asks for, the end, is under way already.

    Outside the main thread, which alone receives signals, there is nothing to hold off.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []

    def hold(number: int, _frame: FrameType | None) -> None:
        held.append(number)
        _answer()

    before = {number: signal.signal(number, hold) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        ending = sys.exc_info()[1]
        if held and (ending is None or isinstance(ending, Exception)):
            signal.raise_signal(held[0])


def _answer() -> None:
    """Written past the stream's buffer, in whose middle the signal may have come."""
    with suppress(OSError, ValueError):
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, PATIENCE.encode())
