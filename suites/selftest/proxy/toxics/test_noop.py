"""noop."""

from __future__ import annotations

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import round_trip


def test_nothing_happens(through: Make) -> None:
    made = through()
    made.toxic("noop")
    with made.connect() as client:
        round_trip(client)
