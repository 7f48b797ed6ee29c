"""slow_connect: never early; late by what a busy machine may stall."""

from __future__ import annotations

import time

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import best_trip, eventually, on_time, round_trip

pytestmark = pytest.mark.usefixtures("ours")


def test_the_first_answer_is_late_and_the_others_are_not(through: Make) -> None:
    made = through()
    made.toxic("slow_connect", delay=300)
    start = time.monotonic()
    with made.connect() as client:
        round_trip(client)
        assert on_time(start, 0.3)
        assert best_trip(client) < 0.3


@pytest.mark.parametrize("healed", [True, False])
def test_those_that_wait_are_dialled_when_it_is_healed_or_shortened(through: Make, healed: bool) -> None:
    made = through()
    made.toxic("slow_connect", delay=60_000)
    with made.connect() as client:  # which waits for 10 s at the most
        (shown,) = eventually(made.connections)
        assert (shown["connected"], shown["toxics"]) == (False, ["slow_connect_downstream"])
        if healed:
            made.heal("slow_connect_downstream")
        else:
            made.change("slow_connect_downstream", delay=1)
        round_trip(client)
        assert made.connections()[0]["toxics"] == []


def test_open_connections_do_not_notice(through: Make) -> None:
    made = through()
    with made.connect() as client:  # which waits for 10 s at the most
        round_trip(client)
        made.toxic("slow_connect", delay=60_000)
        round_trip(client)
    assert made.stats()["toxics"]["slow_connect_downstream"]["connections"] == 0


def test_a_client_that_leaves_while_it_waits_leaves_nothing_behind(through: Make) -> None:
    made = through()
    made.toxic("slow_connect", delay=100)
    for _ in range(5):
        made.connect().close()
    gone = {"accepted": 5, "open": 0, "unreachable": 0}
    eventually(lambda: made.stats()["connections"] == gone)
