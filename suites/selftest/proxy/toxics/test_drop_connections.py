"""drop_connections: counts are exact, a fraction is within five standard deviations."""

from __future__ import annotations

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import Through, round_trip

pytestmark = pytest.mark.usefixtures("ours")


def works(made: Through) -> bool:
    try:
        with made.connect() as client:
            round_trip(client)
    except (ConnectionError, AssertionError):
        return False
    return True


def test_the_first_ones_fail_and_the_rest_work(through: Make) -> None:
    made = through()
    made.toxic("drop_connections", first=3)
    assert [works(made) for _ in range(6)] == [False] * 3 + [True] * 3
    assert made.stats()["toxics"]["drop_connections_downstream"]["closed"] == 3


def test_without_a_number_all_fail(through: Make) -> None:
    made = through()
    made.toxic("drop_connections")
    assert not any(works(made) for _ in range(5))
    made.heal("drop_connections_downstream")
    assert works(made)


def test_the_toxicity_is_the_fraction(through: Make) -> None:
    made = through()
    made.toxic("drop_connections", toxicity=0.3)
    assert 100 - sum(works(made) for _ in range(100)) == pytest.approx(30, abs=23)


@pytest.mark.parametrize(("reset", "how"), [(True, "reset"), (False, "closed")])
def test_it_ends_as_asked(through: Make, reset: bool, how: str) -> None:
    made = through()
    made.toxic("drop_connections", reset=reset)
    assert made.attempt() == (how, b"")
