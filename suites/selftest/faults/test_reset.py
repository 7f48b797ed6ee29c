from __future__ import annotations

import time

from suites.selftest.faults.made import Made, opened
from suites.selftest.proxy.peers import how_it_ended


def test_open_connections_are_reset_though_idle(made: Made) -> None:
    with opened(made.connect) as connection, made.faults.reset("backend-2", "cache"):
        assert how_it_ended(connection) == ("reset", b"")


def test_it_can_take_its_time(made: Made) -> None:
    with opened(made.connect) as connection:
        began = time.monotonic()
        with made.faults.reset("backend-2", "cache", after_ms=200) as on:
            assert how_it_ended(connection) == ("reset", b"")
            assert time.monotonic() - began >= 0.2
            assert on.fault.title() == "reset after 200 ms on backend-2 -> cache"
