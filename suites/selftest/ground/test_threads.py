"""Work that Ctrl-C need not wait for."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from harness.threads import DaemonThreads, concurrently


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


def test_tasks_may_wait_for_each_other_and_a_block_for_all_of_them() -> None:
    together, done = threading.Barrier(8, timeout=20), list[int]()

    def meet(number: int) -> int:
        together.wait()
        done.append(number)
        return number

    with DaemonThreads("meet") as threads:
        futures = [threads.submit(meet, number) for number in range(8)]
    assert sorted(done) == [future.result() for future in futures]


def test_a_block_that_ctrl_c_ends_does_not_wait_for_its_tasks() -> None:
    never, threads = threading.Event(), DaemonThreads("hang")

    def interrupted() -> None:
        with threads:
            threads.submit(never.wait)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    never.set()
    assert threads.finish()


def test_a_task_that_fails_hands_its_error_on() -> None:
    def fail() -> None:
        raise ValueError("x")

    with DaemonThreads("fail") as threads:
        future = threads.submit(fail)
    with pytest.raises(ValueError, match="x"):
        future.result()
