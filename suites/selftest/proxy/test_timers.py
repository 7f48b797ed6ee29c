"""Timers are on time, in order, and cannot hurt each other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from harness.proxy import timers
from harness.proxy.timers import Timers


@pytest.fixture(params=["timerfd", "loop"])
def with_timers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    if request.param == "loop":
        monkeypatch.setattr(timers, "_timerfd", lambda: None)

    def run(schedule: Callable[[Timers], None], seconds: float) -> None:
        async def main() -> None:
            made = Timers(asyncio.get_running_loop())
            schedule(made)
            over = asyncio.Event()
            made.after(seconds, over.set)
            await over.wait()
            made.close()

        asyncio.run(main())

    return run


def test_calls_come_in_the_order_of_their_times(with_timers: Callable[..., None]) -> None:
    order: list[int] = []

    def schedule(made: Timers) -> None:
        for number in (30, 10, 20, 10):
            made.after(number / 1000, lambda number=number: order.append(number))  # type: ignore[misc]

    with_timers(schedule, 0.05)
    assert order == [10, 10, 20, 30]


def test_a_call_is_never_early(with_timers: Callable[..., None]) -> None:
    late: list[float] = []

    def schedule(made: Timers) -> None:
        for number in range(20):
            due = time.monotonic() + number * 0.0017
            made.at(due, lambda due=due: late.append(time.monotonic() - due))  # type: ignore[misc]

    with_timers(schedule, 0.06)
    assert len(late) == 20
    assert min(late) >= 0


def test_a_cancelled_call_does_not_come(with_timers: Callable[..., None]) -> None:
    called: list[int] = []
    with_timers(lambda made: made.after(0.001, lambda: called.append(1)).cancel(), 0.01)
    assert called == []


def test_cancelled_calls_are_forgotten_long_before_they_are_due(with_timers: Callable[..., None]) -> None:
    def schedule(made: Timers) -> None:
        for _ in range(3 * timers.SWEEP):
            made.after(3600, fails).cancel()
        assert len(made._heap) <= timers.SWEEP

    with_timers(schedule, 0.001)


def fails() -> None:
    raise RuntimeError("on purpose")


def test_one_that_fails_does_not_stop_the_others(with_timers: Callable[..., None]) -> None:
    called: list[int] = []

    def schedule(made: Timers) -> None:
        made.after(0.001, fails)
        made.after(0.001, lambda: called.append(1))

    with_timers(schedule, 0.01)
    assert called == [1]


def test_a_far_time_is_no_trouble(with_timers: Callable[..., None]) -> None:
    with_timers(lambda made: (made.after(1e300, lambda: None), made.at(1e16, lambda: None)), 0.005)
