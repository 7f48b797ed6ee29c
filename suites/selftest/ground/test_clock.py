"""Clocks: the machine's, and the one of the tests."""

from __future__ import annotations

import threading
import time

from harness.clock import ManualClock, SystemClock


def test_the_machines_clock_tells_unix_time() -> None:
    assert abs(SystemClock().now() - time.time()) < 1


def test_the_machines_monotonic_time_moves_on_by_itself() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    clock.wait(threading.Event(), 0.01)
    assert clock.monotonic() - before >= 0.009


def test_a_wait_of_the_machines_clock_ends_early_when_it_is_woken() -> None:
    clock, woken = SystemClock(), threading.Event()
    threading.Timer(0.02, woken.set).start()
    began = clock.monotonic()
    assert clock.wait(woken, 30)
    assert clock.monotonic() - began < 10


def test_a_wait_that_nobody_woke_says_so() -> None:
    assert not SystemClock().wait(threading.Event(), 0.001)


def test_the_manual_clock_stands_still_until_it_is_told_to_move() -> None:
    clock = ManualClock(now=100.0)
    assert (clock.now(), clock.monotonic()) == (100.0, 0.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (102.5, 2.5)


def test_the_manual_clock_moves_when_it_is_waited_on() -> None:
    clock = ManualClock()
    assert not clock.wait(threading.Event(), 3.0)
    assert clock.monotonic() == 3.0


def test_the_manual_clock_does_not_move_when_the_wait_is_over_before_it_begins() -> None:
    clock, woken = ManualClock(), threading.Event()
    woken.set()
    assert clock.wait(woken, 3.0)
    assert clock.monotonic() == 0.0
