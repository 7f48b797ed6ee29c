"""cut_after: within 30 ms."""

from __future__ import annotations

import time

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import how_it_ended, round_trip

pytestmark = pytest.mark.usefixtures("ours")


@pytest.mark.parametrize(("reset", "how"), [(True, "reset"), (False, "closed")])
def test_bytes_pass_until_it_is_cut(through: Make, reset: bool, how: str) -> None:
    made = through()
    made.toxic("cut_after", timeout=200, reset=reset)
    start = time.monotonic()
    with made.connect() as client:
        round_trip(client)
        time.sleep(0.1)
        round_trip(client)
        assert how_it_ended(client) == (how, b"")
    assert time.monotonic() - start == pytest.approx(0.2, abs=0.03)


def test_a_connection_that_is_older_is_cut_at_once(through: Make) -> None:
    made = through()
    with made.connect() as client:
        round_trip(client)
        time.sleep(0.1)
        made.toxic("cut_after", timeout=50)
        start = time.monotonic()
        assert how_it_ended(client)[1] == b""
        assert time.monotonic() - start < 0.05
