"""reset_peer: never early; late by what a busy machine may stall. New, busy and idle connections."""

from __future__ import annotations

import socket
import time

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import eventually, how_it_ended, on_time, round_trip


def test_a_new_connection_is_reset(through: Make) -> None:
    made = through()
    made.toxic("reset_peer", timeout=0)
    assert made.attempt() == ("reset", b"")


def test_a_new_connection_is_reset_after_that_long(through: Make) -> None:
    made = through()
    made.toxic("reset_peer", timeout=200)
    start = time.monotonic()
    with made.connect() as client:
        client.sendall(b"lost")
        assert how_it_ended(client) == ("reset", b"")
    assert on_time(start, 0.2)


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_idle_connections_that_were_there_are_reset_at_both_ends(ours: object, through: Make, stream: str) -> None:
    ended: list[str] = []

    def serve(opened: socket.socket) -> None:
        opened.sendall(opened.recv(10))
        ended.append(how_it_ended(opened)[0])

    made = through(serve)
    clients = [made.connect() for _ in range(5)]
    for client in clients:
        round_trip(client)
    made.toxic("reset_peer", stream=stream, timeout=100)
    assert [how_it_ended(client)[0] for client in clients] == ["reset"] * 5
    assert eventually(lambda: len(ended) == 5 and ended) == ["reset"] * 5


def test_with_no_toxicity_nothing_is_reset(ours: object, through: Make) -> None:
    ended: list[str] = []
    made = through(lambda opened: ended.append(how_it_ended(opened)[0]))
    made.toxic("reset_peer", toxicity=0)
    client = made.connect()
    client.sendall(b"x")
    client.close()
    assert eventually(lambda: ended) == ["closed"]


def test_healed_in_time_an_idle_connection_lives_on(ours: object, through: Make) -> None:
    made = through()
    with made.connect() as client:
        round_trip(client)
        made.toxic("reset_peer", timeout=60_000)
        made.heal("reset_peer_downstream")
        round_trip(client)
