from __future__ import annotations

import pytest

from harness.errors import FaultUnproven
from suites.selftest.faults.made import CACHE, Made, opened
from suites.selftest.proxy.peers import how_it_ended


def refused(made: Made, link: str = CACHE) -> None:
    with pytest.raises(ConnectionRefusedError):
        made.connect(link)


def test_open_connections_end_which_proves_it(made: Made) -> None:
    with opened(made.connect) as connection, made.faults.down("backend-2", "cache", port=6379) as off:
        assert how_it_ended(connection)[1] == b""
        assert off.evidence().said == "it touched backend-2 -> cache:6379 (refused or ended: 1)"


def test_attempts_to_connect_fail_which_proves_it(made: Made) -> None:
    with made.faults.down("backend-2", "cache", port=6379) as off:
        refused(made)
        refused(made)
        assert off.evidence().figures["backend-2 -> cache:6379"]["refused"] == 2
    assert made.talk() < 10


def test_of_the_entry_point_only_the_connections_that_end_are_known(made: Made) -> None:
    with opened(lambda: made.connect("entrypoint:lb:80")), made.faults.down("entrypoint", "lb") as off:
        assert off.evidence().bit is True
    with pytest.raises(FaultUnproven, match="did not bite"):
        made.faults.down("entrypoint", "lb").__enter__().__exit__(None, None, None)


def test_a_consumer_that_cannot_be_asked_leaves_the_connections_that_ended(made: Made) -> None:
    made.replica("backend-2").gone = True
    with opened(made.connect), made.faults.down("backend-2", "cache", port=6379) as off:
        assert off.evidence().bit is True


def test_two_hold_a_link_down_until_both_let_go(made: Made) -> None:
    with made.faults.down("backend-2", "cache", port=6379):
        refused(made)
        with made.faults.down("backend-2", "cache", port=6379):
            refused(made)
        assert made.healed().data["gone"] is True  # of it nothing is left; the other one holds the link
        assert made.toxics() == {CACHE: [("down", "")]}
        refused(made)
    assert made.toxics() == {}


def test_one_who_enables_the_link_meanwhile_is_found_out(made: Made) -> None:
    with pytest.raises(FaultUnproven, match="cannot be seen to bite") as caught, made.faults.down("backend-2", "cache"):
        made.proxy._of_library(CACHE).enable()
    assert "something else removed it" in str(caught.value.got)
