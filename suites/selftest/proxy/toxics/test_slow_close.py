"""slow_close: within 30 ms."""

from __future__ import annotations

import time

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import read_all, read_exactly


def test_only_the_close_is_late(through: Make) -> None:
    made = through(lambda opened: opened.sendall(b"bye"))
    made.toxic("slow_close", delay=200)
    with made.connect() as client:
        start = time.monotonic()
        assert read_exactly(client, 3) == b"bye"
        assert time.monotonic() - start < 0.1
        assert read_all(client) == b""
        assert time.monotonic() - start == pytest.approx(0.2, abs=0.03)


def test_healing_closes_at_once(through: Make) -> None:
    made = through(lambda opened: opened.sendall(b"bye"))
    made.toxic("slow_close", delay=60_000)
    with made.connect() as client:
        read_exactly(client, 3)
        time.sleep(0.05)
        made.heal("slow_close_downstream")
        assert read_all(client) == b""
