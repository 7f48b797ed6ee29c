from __future__ import annotations

import pytest

from suites.selftest.faults.made import Made
from suites.selftest.proxy.peers import how_it_ended


@pytest.mark.parametrize("count", [1, 10, 4096])
def test_exactly_so_many_bytes_come_and_then_the_end(made: Made, count: int) -> None:
    with made.faults.data_limit("backend-2", "cache", bytes=count), made.connect() as connection:
        connection.sendall(b"x" * 5000)
        assert how_it_ended(connection) == ("closed", b"x" * count)
