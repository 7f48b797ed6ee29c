from __future__ import annotations

from suites.selftest.faults.made import Made, arrives, opened, silent


def test_data_take_their_time(made: Made) -> None:
    with made.faults.bandwidth("backend-2", "cache", kb_per_s=100):
        assert made.talk(data=b"x" * 50_000) >= 0.4  # half a second, of which a gust at the beginning is free


def test_nothing_passes_at_zero_and_nothing_is_lost(made: Made) -> None:
    with opened(made.connect) as connection:
        with made.faults.bandwidth("backend-2", "cache", kb_per_s=0):
            connection.sendall(b"held")
            assert silent(connection)
        arrives(connection, b"held")
