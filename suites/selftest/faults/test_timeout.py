from __future__ import annotations

from contextlib import suppress

from suites.selftest.faults.made import Made, opened, silent
from suites.selftest.proxy.peers import how_it_ended


def test_what_is_sent_is_lost_and_the_connection_ends_with_the_fault(made: Made) -> None:
    with opened(made.connect) as connection:
        with made.faults.timeout("backend-2", "cache"):
            connection.sendall(b"lost")
            assert silent(connection)
        assert how_it_ended(connection)[1] == b""


def test_the_connection_ends_when_its_time_is_up(made: Made) -> None:
    with opened(made.connect) as connection, made.faults.timeout("backend-2", "cache", ms=100) as hole:
        with suppress(OSError):  # it may have ended
            connection.sendall(b"lost")
        assert how_it_ended(connection)[1] == b""
        assert hole.fault.title() == "black hole that closes after 100 ms on backend-2 -> cache"


def test_an_idle_connection_that_it_ended_proves_it(made: Made) -> None:
    with opened(made.connect) as connection, made.faults.timeout("backend-2", "cache", port=6379, ms=1) as hole:
        assert how_it_ended(connection)[1] == b""
        assert hole.bites(within=10).said.startswith("it touched backend-2 -> cache:6379 (ended: ")
