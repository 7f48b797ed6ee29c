"""Waiting for a condition: how often is looked, what is returned, when it ends."""

from __future__ import annotations

from harness.clock import ManualClock
from harness.stalls import Patience, Stalls
from harness.waiting import pause, poll


def never(_: object) -> bool:
    return False


def test_a_condition_that_is_there_is_not_waited_for() -> None:
    clock = ManualClock()
    assert poll(lambda: 1, within=5.0, every=0.1, clock=clock) == 1
    assert clock.monotonic() == 0.0


def test_the_deadline_ends_the_wait_with_the_last_observation() -> None:
    clock = ManualClock()
    assert poll(clock.monotonic, never, within=1.05, every=0.5, clock=clock) == 1.05


def test_no_time_at_all_is_one_observation() -> None:
    seen: list[int] = []
    assert poll(lambda: seen.append(1), never, within=0.0, every=0.1, clock=ManualClock()) is None
    assert seen == [1]


def test_only_changes_and_the_last_observation_are_recorded() -> None:
    clock, answers, recorded = ManualClock(), iter([5, 5, 5, 3, 3, 3, 3]), list[int]()
    poll(lambda: next(answers), never, within=0.6, every=0.1, clock=clock, record=recorded.append)
    assert recorded == [5, 3, 3]


def test_a_patience_is_longer_where_the_machine_stood_still_and_a_number_of_seconds_is_not() -> None:
    stalls, clock = Stalls(), ManualClock()
    stalls.add(0.0, 1.0, 0.5)
    patience = Patience(1.0, stalls, clock.monotonic)
    assert poll(clock.monotonic, never, within=patience, every=0.25, clock=clock) == 3.0
    began = clock.monotonic()
    assert poll(clock.monotonic, never, within=1.0, every=0.25, clock=clock) == began + 1.0


def test_a_pause_takes_its_time() -> None:
    clock = ManualClock()
    pause(2.5, clock)
    assert clock.monotonic() == 2.5
