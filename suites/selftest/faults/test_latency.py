from __future__ import annotations

import pytest

from suites.selftest.faults.made import CACHE, Made, opened
from suites.selftest.proxy.peers import round_trip

# Never early is exact; never late is not claimed here, since the machine may stall.


def test_answers_arrive_later(made: Made) -> None:
    with opened(made.connect) as connection, made.faults.latency("backend-2", "cache", ms=150):
        assert round_trip(connection) >= 0.15


@pytest.mark.parametrize(("stream", "least"), [("upstream", 0.1), ("downstream", 0.1), ("both", 0.2)])
def test_it_works_in_the_direction_that_is_named(made: Made, stream: str, least: float) -> None:
    with made.faults.latency("backend-2", "cache", ms=100, stream=stream):
        assert made.talk() >= least
        assert {way for _, way in made.toxics()[CACHE]} == (
            {"upstream", "downstream"} if stream == "both" else {stream}
        )


def test_every_port_of_the_target_is_meant_unless_one_is_named(made: Made) -> None:
    with made.faults.latency("backend-2", "cache", ms=1):
        assert set(made.toxics()) == {"backend-2:cache:6379", "backend-2:cache:26379"}
        made.talk()
    with made.faults.latency("backend-2", "cache", ms=1, port=26379):
        assert set(made.toxics()) == {"backend-2:cache:26379"}
        made.talk("backend-2:cache:26379")


def test_jitter_is_given_to_the_toxic(made: Made) -> None:
    with made.faults.latency("backend-2", "cache", ms=40, jitter=10) as slow:
        assert slow.fault.title() == "latency of 40 ms +- 10 ms on backend-2 -> cache"
        (toxic,) = made.proxy.proxy(CACHE).toxics
        assert toxic.attributes == {"latency": 40, "jitter": 10}
        assert made.talk() >= 0.03
