"""Ctrl-C, SIGTERM and SIGHUP.

The first one unwinds the command, so that everything is cleaned up. The second one hurries: what can be skipped is
skipped, and a wait outside of `uninterrupted` is cut short. The third one ends the process at once, after the history
has been told; the sweep removes what is left. Signals that come within APART seconds are one: a wrapper that passes
Ctrl-C on to a process that got it already does not make two of it.

No cleanup may take the place of what it cleans up after: see `cleaning_up_after`.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

from harness.errors import INTERNAL, INTERRUPTED, HarnessError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
APART = 0.5  # seconds; a second signal that comes sooner is the first one again
LAST_WORDS = 3.0  # seconds that the third signal leaves for telling the history
SLICE = 0.1  # seconds between two looks at whether a wait is to be cut short
PATIENCE = "cleaning up; a moment, please (Ctrl-C again skips what can be skipped)\n"
HURRY = "cleaning up in a hurry, without what can be skipped (Ctrl-C again ends at once)\n"
AT_ONCE = "ended at once; `harness sweep`, or the next run, removes what is left on the engine\n"

Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers


class Terminated(BaseException):
    """SIGTERM or SIGHUP arrived: unwinds as Ctrl-C does. `exit_code` is 128 + the signal's number."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


class _Heard:
    """What has arrived in this process. Plain fields only: a handler runs in the middle of anything, and a lock that
    the interrupted code holds would never be given back.
    """

    def __init__(self) -> None:
        self.last_words: list[Callable[[int], object]] = []
        self.reset()

    def reset(self) -> None:
        self.count = 0  # signals, those that came too soon after another left out
        self.last = float("-inf")  # when the last of them came, by time.monotonic()
        self.raised: int | None = None  # the last that was raised
        self.held: list[int] = []
        self.depth = 0  # of `uninterrupted`
        self.installed = False
        self.over: int | None = None  # the exit code, once there is nothing left to clean up

    def arrived(self, number: int) -> bool:
        """Count a signal. False where it is the one before, once more."""
        now = time.monotonic()
        if self.count and now - self.last < APART:
            return False
        self.count, self.last = self.count + 1, now
        if self.count == 2:
            _tell(HURRY)
        elif self.count > 2:
            self._end_at_once(number)
        return True

    def _end_at_once(self, number: int) -> NoReturn:
        code = 128 + number
        if self.count == 3:
            # Not a threading.Thread: its start takes locks that the interrupted code may hold.
            _thread.start_new_thread(_exit_after, (LAST_WORDS, code))
            _tell(AT_ONCE)
            for say in reversed(self.last_words):
                with suppress(Exception):
                    say(number)
        os._exit(code)


_heard = _Heard()


def _on_signal(number: int, _frame: FrameType | None) -> None:
    """Our handler: holds the signal within `uninterrupted`, else raises."""
    if _heard.over is not None:
        os._exit(_heard.over)
    if not _heard.arrived(number):
        return
    if not _heard.depth:
        _raise(number)
    _heard.held.append(number)
    if _heard.count == 1:
        _tell(PATIENCE)


def _raise(number: int) -> NoReturn:
    _heard.raised = number
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)


def install() -> None:
    """Take the signals over. One that the caller ignores (`nohup`, a shell's background job) stays ignored."""
    _heard.reset()
    _heard.installed = True
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _on_signal)


def over(exit_code: int) -> None:
    """Nothing is left to clean up: a signal that comes now ends the process with this code, and no traceback."""
    _heard.over = exit_code


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


# -- cleaning up -------------------------------------------------------------------------------------------------------


@contextmanager
def cleaning_up_after(cause: BaseException | None) -> Iterator[None]:
    """Run a cleanup whose own error must not take the place of `cause`: it becomes a note of that. Without a cause it
    is raised. An interrupt that arrives during the cleanup passes through.
    """
    try:
        yield
    except Exception as second:
        if cause is None or cause is second:
            raise
        cause.add_note(f"and while cleaning up: {second or type(second).__name__}")


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C, SIGTERM and SIGHUP off within the block. The first of them is delivered when the block is over,
    unless what it asks for, the end, is under way already. The second makes `hurried` true; the third ends the process.

    Outside the main thread, which alone receives signals, there is nothing to hold off. Where `install` has not been
    called (under pytest), signals are counted from zero in each block.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    foreign: dict[int, Handler] = {}
    _heard.depth += 1
    try:
        if _heard.depth == 1:
            _heard.held.clear()
            _take_over(foreign)
        yield
    finally:
        _heard.depth -= 1
        if _heard.depth == 0:
            held = list(_heard.held)
            for number, handler in foreign.items():
                signal.signal(number, handler)
            if not _heard.installed:
                _heard.count = 0
            if held and not _is_interrupt(sys.exc_info()[1]):
                if held[0] in foreign:
                    signal.raise_signal(held[0])
                else:
                    _raise(held[0])


def _take_over(foreign: dict[int, Handler]) -> None:
    """Put our handler in the place of others that are not ours; what is ignored stays ignored."""
    for number in SIGNALS:
        handler = signal.getsignal(number)
        if handler is not None and handler is not signal.SIG_IGN and handler is not _on_signal:
            foreign[number] = handler
            signal.signal(number, _on_signal)


@contextmanager
def last_words(say: Callable[[int], object]) -> Iterator[None]:
    """Within the block a third signal calls `say` with its number before it ends the process."""
    _heard.last_words.append(say)
    try:
        yield
    finally:
        _heard.last_words.remove(say)


# -- what long waits look at -------------------------------------------------------------------------------------------


def asked_to_end() -> bool:
    """A signal has arrived, or an interrupt is under way in this thread: nothing should wait for long any more."""
    return _heard.count > 0 or _is_interrupt(sys.exc_info()[1])


def hurried() -> bool:
    """A second signal has arrived: whatever can be skipped is to be skipped."""
    return _heard.count > 1


def wait_for(event: threading.Event, *, ending: float, seconds: float = float("inf")) -> bool:
    """Wait for an event for at most `seconds`; once a signal has arrived for at most `ending` more, and after a second
    one no longer. True if it was set.
    """
    deadline, shortened = time.monotonic() + seconds, False
    while not event.is_set():
        now = time.monotonic()
        if not shortened and asked_to_end():
            deadline, shortened = min(deadline, now + ending), True
        if now >= deadline or hurried():
            return event.is_set()
        event.wait(min(SLICE, deadline - now))
    return True


def check() -> None:
    """Raise again what was raised and lost on its way: Python drops what a handler raises in a `__del__` or in a
    library's callback.

    Raises:
        KeyboardInterrupt, Terminated: one had arrived, and nothing unwinds because of it.
    """
    if _heard.raised is None or _heard.depth or threading.current_thread() is not threading.main_thread():
        return
    if not _is_interrupt(sys.exc_info()[1]):
        _raise(_heard.raised)


def _is_interrupt(error: BaseException | None) -> bool:
    return error is not None and not isinstance(error, Exception)


def _exit_after(seconds: float, code: int) -> None:
    time.sleep(seconds)  # for whatever the last words wait for
    os._exit(code)


def _tell(text: str) -> None:
    """Written past the stream's buffer, in whose middle the signal may have come."""
    with suppress(OSError, ValueError):
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, text.encode())
