"""slow_connect: within 30 ms."""

from __future__ import annotations

import time

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import round_trip

pytestmark = pytest.mark.usefixtures("ours")


def test_the_first_answer_is_late_and_the_others_are_not(through: Make) -> None:
    made = through()
    made.toxic("slow_connect", delay=200)
    with made.connect() as client:
        assert round_trip(client) == pytest.approx(0.2, abs=0.03)
        assert round_trip(client) < 0.05


def test_open_connections_do_not_notice(through: Make) -> None:
    made = through()
    with made.connect() as client:
        round_trip(client)
        made.toxic("slow_connect", delay=60_000)
        assert round_trip(client) < 0.5
    assert made.stats()["toxics"]["slow_connect_downstream"]["connections"] == 0


def test_a_client_that_leaves_while_it_waits_leaves_nothing_behind(through: Make) -> None:
    made = through()
    made.toxic("slow_connect", delay=100)
    for _ in range(5):
        made.connect().close()
    time.sleep(0.4)
    assert made.connections() == []
