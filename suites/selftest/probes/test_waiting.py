import threading
import time

from harness.clock import ManualClock, SystemClock
from harness.probes import wait_until


def test_a_condition_that_is_there_is_not_waited_for() -> None:
    clock = ManualClock()
    assert wait_until(lambda: 1, bool, 5.0, clock) == (True, 1)
    assert clock.monotonic() == 0.0


def test_the_deadline_ends_the_wait_with_the_last_observation() -> None:
    clock = ManualClock()
    assert wait_until(clock.monotonic, lambda _: False, 1.05, clock, every=0.5) == (False, 1.05)


def test_no_time_at_all_is_one_observation() -> None:
    seen: list[int] = []
    assert wait_until(lambda: seen.append(1), lambda _: False, 0.0, ManualClock())[0] is False
    assert seen == [1]


def test_only_changes_and_the_last_observation_are_recorded() -> None:
    clock, answers, recorded = ManualClock(), iter([5, 5, 5, 3, 3, 3, 3]), list[int]()
    wait_until(lambda: next(answers), lambda _: False, 0.6, clock, every=0.1, record=recorded.append)
    assert recorded == [5, 3, 3]


def test_a_wait_is_woken_before_its_interval_is_over() -> None:
    woken, ready = threading.Event(), threading.Event()

    def wake() -> None:
        ready.set()
        woken.set()

    threading.Timer(0.05, wake).start()
    began = time.monotonic()
    assert wait_until(ready.is_set, bool, 20.0, SystemClock(), every=10.0, woken=woken)[0]
    assert time.monotonic() - began < 5.0
