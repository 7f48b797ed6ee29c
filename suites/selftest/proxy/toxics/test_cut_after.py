"""cut_after: never early; late by what a busy machine may stall."""

from __future__ import annotations

import time
from typing import Any

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import how_it_ended, on_time, round_trip
from suites.selftest.proxy.toxics.test_requests import stage

pytestmark = pytest.mark.usefixtures("ours")
ENDS = pytest.mark.parametrize(("reset", "how"), [(True, "reset"), (False, "closed")])


@ENDS
def test_a_connection_is_cut_so_long_after_it_was_opened(through: Make, reset: bool, how: str) -> None:
    made = through()
    made.toxic("cut_after", timeout=200, reset=reset)
    start = time.monotonic()
    with made.connect() as client:
        assert how_it_ended(client) == (how, b"")
    assert on_time(start, 0.2)


@ENDS
def test_bytes_pass_until_it_is_cut_and_a_change_moves_the_time(through: Make, reset: bool, how: str) -> None:
    made = through()
    made.toxic("cut_after", timeout=60_000, reset=reset)
    start = time.monotonic()
    with made.connect() as client:
        round_trip(client)
        round_trip(client)
        made.change("cut_after_downstream", timeout=300)
        assert how_it_ended(client) == (how, b"")
    assert on_time(start, 0.3)


def test_a_connection_that_is_older_is_cut_at_once() -> None:
    made, ends = stage("cut_after", timeout=60_000)
    link: Any = ends
    link.link, link.opened = ends, time.monotonic() - 60.001
    made.start()
    assert len(ends.ended) == 1
