from __future__ import annotations

import pytest

from suites.selftest.faults.made import CACHE, Made


@pytest.mark.parametrize("ms", [2, 3, 100, 101])
def test_the_delay_is_drawn_from_nothing_to_so_many_ms(made: Made, ms: int) -> None:
    with made.faults.jitter("backend-2", "cache", ms=ms):
        (toxic,) = made.proxy.proxy(CACHE).toxics
        latency, jitter = toxic.attributes["latency"], toxic.attributes["jitter"]
        assert latency - jitter == 0
        assert ms - 1 <= latency + jitter <= ms
        made.talk()


def test_no_two_answers_are_delayed_alike(made: Made) -> None:
    with made.faults.jitter("backend-2", "cache", ms=200):
        took = [made.talk() for _ in range(6)]
    assert max(took) - min(took) > 0.02  # that all six draws fall together so closely is one in ten thousand
