"""timeout: never early; late by what a busy machine may stall, however much is sent."""

from __future__ import annotations

import threading
import time

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import eventually, how_it_ended, on_time, round_trip


def test_nothing_arrives_and_the_connection_closes_in_time(through: Make) -> None:
    made = through()
    made.toxic("timeout", timeout=200)
    start = time.monotonic()
    with made.connect() as client:
        client.sendall(b"lost")
        assert how_it_ended(client)[1] == b""
    assert on_time(start, 0.2)


def test_traffic_does_not_put_it_off(through: Make) -> None:
    made = through()
    with made.connect() as client:
        round_trip(client)
        start = time.monotonic()
        made.toxic("timeout", timeout=300)
        stop = threading.Event()

        def chatter() -> None:
            while not stop.wait(0.02):
                try:
                    client.sendall(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=chatter)
        thread.start()
        try:
            assert how_it_ended(client)[1] == b""
            assert on_time(start, 0.3)
        finally:
            stop.set()
            thread.join()


def test_without_a_time_it_stays_open_until_it_is_healed(through: Make) -> None:
    made = through()
    made.toxic("timeout", timeout=0)
    with made.connect(timeout=0.3) as client:
        client.sendall(b"lost")
        with pytest.raises(TimeoutError):
            client.recv(1)
        made.heal("timeout_downstream")
        client.settimeout(5)
        assert how_it_ended(client)[1] == b""
    with made.connect() as again:
        round_trip(again)


def test_the_other_direction_still_works(through: Make) -> None:
    got: list[bytes] = []
    made = through(lambda opened: got.append(opened.recv(100)))
    made.toxic("timeout", timeout=0)
    with made.connect() as client:
        client.sendall(b"one way")
        assert eventually(lambda: got) == [b"one way"]
