"""limit_data: exactly that many bytes."""

from __future__ import annotations

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import how_it_ended, round_trip


@pytest.mark.parametrize("limit", [1, 100, 65_536, 300_000])
def test_exactly_so_many_bytes_arrive(through: Make, limit: int) -> None:
    made = through(lambda opened: opened.sendall(bytes(400_000)))
    made.toxic("limit_data", bytes=limit)
    with made.connect() as client:
        assert len(how_it_ended(client)[1]) == limit


def test_less_than_the_limit_passes(through: Make) -> None:
    made = through()
    made.toxic("limit_data", bytes=1000)
    with made.connect() as client:
        round_trip(client, bytes(999))


def test_reaching_the_limit_closes(through: Make) -> None:
    made = through()
    made.toxic("limit_data", bytes=4)
    with made.connect() as client:
        client.sendall(b"ping")
        assert how_it_ended(client)[1] == b"ping"


def test_the_count_survives_a_change(through: Make) -> None:
    made = through()
    made.toxic("limit_data", bytes=100)
    with made.connect() as client:
        round_trip(client, bytes(60))
        made.change("limit_data_downstream", bytes=90)
        client.sendall(bytes(60))
        assert len(how_it_ended(client)[1]) == 30
