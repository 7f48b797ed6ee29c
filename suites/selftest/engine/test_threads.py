"""Work that Ctrl-C need not wait for."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from harness.engine.threads import concurrently


def test_results_come_in_the_order_of_the_tasks() -> None:
    assert concurrently([lambda n=n: n * n for n in range(20)], 3) == [n * n for n in range(20)]  # type: ignore[misc]


def test_no_more_than_the_limit_run_at_once() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def task() -> None:
        nonlocal now, most
        with lock:
            now, most = now + 1, max(most, now + 1)
        time.sleep(0.01)
        with lock:
            now -= 1

    concurrently([task] * 12, 3)
    assert most == 3


def test_the_first_failure_is_raised_when_all_have_ended() -> None:
    ended = []

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        concurrently([fail, lambda: ended.append(1)], 2)
    assert ended == [1]


def test_ctrl_c_does_not_wait_for_a_task_and_begins_no_other() -> None:
    begun, never = [], threading.Event()

    def hang() -> None:
        begun.append(1)
        threading.Timer(0.05, lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)).start()
        never.wait(30)

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        concurrently([hang, hang], 1)
    assert time.monotonic() - began < 10
    never.set()
    assert begun == [1]
