"""latency: never early. The best of several answers is late by a quarter of a second at the most, any of them by what
a busy machine may stall; how exact it is on an idle one, the benchmark shows."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import answer_at_end, best_trip, on_time, read_all, read_exactly, round_trip
from suites.selftest.proxy.toxics.test_requests import stage

pytestmark = pytest.mark.programs

BEST = 0.25


@pytest.mark.parametrize("milliseconds", [1, 20, 100])
def test_an_answer_takes_that_much_longer(through: Make, milliseconds: int) -> None:
    made = through()
    made.toxic("latency", latency=milliseconds)
    with made.connect() as client:
        best = best_trip(client, max(5, 400 // milliseconds))
    assert milliseconds / 1000 <= best < milliseconds / 1000 + BEST


def test_both_directions_add_up(through: Make) -> None:
    made = through()
    for stream in ("upstream", "downstream"):
        made.toxic("latency", stream=stream, latency=30)
    with made.connect() as client:
        assert 0.060 <= best_trip(client) < 0.060 + BEST


def test_jitter_makes_answers_earlier_and_later_than_the_latency(through: Make) -> None:
    made = through()
    made.toxic("latency", latency=20, jitter=15)
    with made.connect() as client:
        times = [round_trip(client) for _ in range(60)]
    assert 0.005 <= min(times) < 0.020
    assert sum(seconds >= 0.020 for seconds in times) >= 10  # of thirty or so, and a busy machine only adds to them
    assert max(times) >= 0.027  # a quarter of them is later than that


def test_jitter_is_even() -> None:
    made, _ = stage("latency", latency=20, jitter=15)
    made._timer = "none is needed"
    for _ in range(3000):
        made.feed(b"x")
    draws = sorted(draw for _, draw, _ in made._waiting)
    assert all(abs(draws[at] - (at / 1500 - 1)) < 0.06 for at in range(0, 3000, 100))


def jitters(seed: str) -> list[float]:
    made, _ = stage("latency", seed, latency=20, jitter=15)
    made._timer = "none is needed"
    for _ in range(100):
        made.feed(b"x")
    return [draw for _, draw, _ in made._waiting]


def test_the_same_seed_gives_the_same_jitters() -> None:
    assert jitters("a") == jitters("a") != jitters("b")


def test_chunks_wait_beside_each_other_and_not_after_each_other(through: Make) -> None:
    made = through()
    made.toxic("latency", latency=200)
    with made.connect() as client:
        start = time.monotonic()
        for number in range(40):
            client.sendall(b"%02d" % number)
            time.sleep(0.002)  # they are to arrive apart; after each other, they would take 8 s
        assert read_exactly(client, 80) == b"".join(b"%02d" % number for number in range(40))
        assert on_time(start, 0.2)


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_the_connect_is_not_delayed(through: Make, stream: str) -> None:
    reached = threading.Event()

    def serve(opened: socket.socket) -> None:
        reached.set()
        opened.recv(1)

    made = through(serve)
    made.toxic("latency", stream=stream, latency=60_000)
    with made.connect():
        assert reached.wait(10)


def test_the_end_of_the_stream_comes_after_the_bytes(through: Make) -> None:
    made = through(answer_at_end)
    made.toxic("latency", latency=30, jitter=30)
    with made.connect() as client:
        client.sendall(b"x" * 100_000)
        client.shutdown(socket.SHUT_WR)
        assert len(read_all(client)) == 100_004


def test_healing_passes_on_at_once_what_was_held(through: Make) -> None:
    made = through()
    made.toxic("latency", latency=60_000)
    with made.connect() as client:
        client.sendall(b"held")
        made.wait_received(4)
        made.heal("latency_downstream")
        assert read_exactly(client, 4) == b"held"  # the client waits for 10 s at the most


def test_a_change_applies_to_what_is_held(through: Make) -> None:
    made = through()
    made.toxic("latency", latency=60_000)
    with made.connect() as client:
        client.sendall(b"held")
        made.wait_received(4)
        made.change("latency_downstream", latency=1)
        assert read_exactly(client, 4) == b"held"
