"""slow_close: never early; late by what a busy machine may stall."""

from __future__ import annotations

import socket
import threading
import time

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import on_time, read_all, read_exactly


def test_the_close_is_late(through: Make) -> None:
    made = through(lambda opened: opened.sendall(b"bye"))
    made.toxic("slow_close", delay=200)
    start = time.monotonic()
    with made.connect() as client:
        assert read_all(client) == b"bye"
    assert on_time(start, 0.2)


def test_the_bytes_are_not_late_and_healing_closes_at_once(through: Make) -> None:
    closed = threading.Event()

    def serve(opened: socket.socket) -> None:
        opened.sendall(b"bye")
        opened.shutdown(socket.SHUT_WR)
        closed.set()
        opened.recv(1)

    made = through(serve)
    made.toxic("slow_close", delay=60_000)
    with made.connect() as client:  # which waits for 10 s at the most
        assert read_exactly(client, 3) == b"bye"
        assert closed.wait(10)
        made.heal("slow_close_downstream")
        assert read_all(client) == b""
