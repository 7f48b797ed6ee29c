"""bandwidth: never more than 5 % too fast; up to 1 MB/s not slower either."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import read_exactly, round_trip


def pours(count: int) -> bytes:
    return bytes(count)


@pytest.mark.parametrize(("rate", "count"), [(100, 50_000), (1000, 500_000), (50_000, 25_000_000)])
def test_bytes_arrive_at_the_rate(through: Make, rate: int, count: int) -> None:
    made = through(lambda opened: opened.sendall(pours(count)))
    made.toxic("bandwidth", rate=rate)
    with made.connect() as client:
        start = time.monotonic()
        read_exactly(client, count)
        seconds = time.monotonic() - start
    expected = count / (rate * 1000)
    assert 0.95 * expected - 0.01 < seconds
    assert seconds < (1.05 if rate < 10_000 else 2) * expected + 0.01  # who pours 50 MB/s needs the processor as well


def test_the_upstream_direction_is_slowed_as_well(through: Make) -> None:
    done = threading.Event()

    def sink(opened: socket.socket) -> None:
        read_exactly(opened, 200_000)
        done.set()

    made = through(sink)
    made.toxic("bandwidth", stream="upstream", rate=1000)
    with made.connect() as client:
        start = time.monotonic()
        client.sendall(bytes(200_000))
        assert done.wait(5)
    assert time.monotonic() - start == pytest.approx(0.2, rel=0.1)


@pytest.mark.parametrize("rate", [0, -5])
def test_no_rate_stalls_until_it_is_healed(through: Make, rate: int) -> None:
    made = through()
    made.toxic("bandwidth", rate=rate)
    with made.connect(timeout=0.2) as client:
        client.sendall(b"stuck")
        with pytest.raises(TimeoutError):
            client.recv(1)
        made.heal("bandwidth_downstream")
        client.settimeout(5)
        assert read_exactly(client, 5) == b"stuck"


def test_idle_time_is_not_saved_up(through: Make) -> None:
    made = through()
    made.toxic("bandwidth", rate=100)
    with made.connect() as client:
        round_trip(client)
        time.sleep(0.5)
        assert round_trip(client, bytes(20_000)) == pytest.approx(0.2, rel=0.15)


def test_a_faster_rate_applies_at_once(through: Make) -> None:
    made = through()
    made.toxic("bandwidth", rate=1)
    with made.connect() as client:
        client.sendall(bytes(50_000))
        time.sleep(0.1)
        made.change("bandwidth_downstream", rate=10_000)
        start = time.monotonic()
        read_exactly(client, 50_000)
        assert time.monotonic() - start < 0.5
