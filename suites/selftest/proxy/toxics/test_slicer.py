"""slicer: sizes as asked; the delay between packets within 20 %."""

from __future__ import annotations

import socket
import time

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import how_it_ended, round_trip


def packets(client: socket.socket, count: int) -> list[bytes]:
    """What each read gives; with packets far enough apart that is one packet."""
    found: list[bytes] = []
    while sum(map(len, found)) < count:
        found.append(client.recv(65536))
        assert found[-1]
    return found


def test_packets_have_the_size(through: Make) -> None:
    data = bytes(range(256)) * 2
    made = through(lambda opened: opened.sendall(data))
    made.toxic("slicer", average_size=50, size_variation=10, delay=10_000)
    with made.connect() as client:
        start = time.monotonic()
        found = packets(client, 512)
        seconds = time.monotonic() - start
    assert b"".join(found) == data
    assert all(40 <= len(packet) <= 60 for packet in found[:-1])
    assert len({len(packet) for packet in found[:-1]}) > 1
    assert seconds == pytest.approx(0.010 * (len(found) - 1), rel=0.2)


def test_without_a_delay_packets_are_still_apart(through: Make) -> None:
    made = through(lambda opened: opened.sendall(bytes(100)))
    made.toxic("slicer", average_size=1)
    with made.connect() as client:
        assert how_it_ended(client) == ("closed", bytes(100))
    if "rollback-harness" in made.api("GET", "/version").text:
        assert made.stats()["toxics"]["slicer_downstream"]["bytes"] == 100


def test_the_defaults_cut_nothing(ours: object, through: Make) -> None:
    made = through()
    made.toxic("slicer")
    with made.connect() as client:
        assert round_trip(client, bytes(10_000)) < 1
