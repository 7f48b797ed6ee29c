"""slicer: sizes as asked, the delay between packets never shorter; longer by what a busy machine may stall."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import how_it_ended, on_time, read_exactly, round_trip
from suites.selftest.proxy.toxics.test_requests import stage

DATA = bytes(range(256)) * 2


class ByHand:
    """Timers that are called when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[[], None]]] = []

    def at(self, due: float, call: Callable[[], None]) -> None:
        self.waiting.append((due, call))


def test_packets_have_the_size_and_the_delay() -> None:
    made, ends = stage("slicer", average_size=50, size_variation=10, delay=10_000)
    link: Any = ends
    link.link = link.proxy = link
    link.timers = timers = ByHand()
    made.feed(DATA)
    sizes, after = [], 0.0
    while timers.waiting:
        ((due, call),) = timers.waiting
        assert due >= after
        before, after = len(ends.passed), time.monotonic() + 0.010
        timers.waiting.clear()
        call()
        sizes.append(len(ends.passed) - before)
    assert bytes(ends.passed) == DATA
    assert all(40 <= size <= 60 for size in sizes[:-1])
    assert len(set(sizes)) > 3


def test_a_packet_arrives_alone(through: Make) -> None:
    made = through(lambda opened: opened.sendall(DATA))
    made.toxic("slicer", average_size=50, size_variation=10, delay=60_000_000)
    with made.connect() as client:
        first = client.recv(1000)
        assert 40 <= len(first) <= 60
        made.heal("slicer_downstream")
        assert first + read_exactly(client, len(DATA) - len(first)) == DATA


def test_the_others_follow_so_much_later(through: Make) -> None:
    made = through(lambda opened: opened.sendall(DATA))
    made.toxic("slicer", average_size=50, size_variation=10, delay=20_000)
    start = time.monotonic()
    with made.connect() as client:
        assert read_exactly(client, len(DATA)) == DATA
    assert on_time(start, 0.020 * 8)  # there are nine packets at the least


def test_without_a_delay_packets_are_still_apart(through: Make) -> None:
    made = through(lambda opened: opened.sendall(bytes(100)))
    made.toxic("slicer", average_size=1)
    with made.connect() as client:
        assert how_it_ended(client) == ("closed", bytes(100))
    if made.api.ours():
        assert made.stats()["toxics"]["slicer_downstream"]["bytes"] == 100


def test_the_defaults_cut_nothing(ours: object, through: Make) -> None:
    made = through()
    made.toxic("slicer")
    with made.connect() as client:
        round_trip(client, bytes(10_000))
