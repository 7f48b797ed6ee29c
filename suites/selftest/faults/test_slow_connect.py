from __future__ import annotations

import pytest

from harness.errors import ProxyError
from suites.selftest.faults.made import Made, opened
from suites.selftest.proxy.peers import eventually, round_trip


def test_new_connections_wait_and_open_ones_do_not_notice(made: Made) -> None:
    with opened(made.connect) as connection, made.faults.slow_connect("backend-2", "cache", ms=200) as slow:
        round_trip(connection)
        assert slow.evidence().bit is False
        assert made.talk() >= 0.2
        assert slow.evidence().bit is True


def test_a_connection_that_still_waits_is_waited_for(made: Made) -> None:
    with made.faults.slow_connect("backend-2", "cache", ms=3000) as slow:
        waiting = made.connect()
        slow.bites(within=10)
    with waiting:  # it was not gone before that connection was made
        eventually(lambda: all(one["connected"] for one in made.proxy.connections("backend-2:cache:6379")))
        assert slow.proven
        assert made.healed().data["seconds"] > 0.1


def test_another_make_of_proxy_refuses_it_by_name(made: Made) -> None:
    add = made.proxy.add

    def refuse(*words: object, **more: object) -> None:
        raise ProxyError("The proxy server refuses", got="400 invalid toxic type")

    vars(made.proxy)["add"] = refuse
    with pytest.raises(ProxyError, match="refuses"):
        made.faults.slow_connect("backend-2", "cache", ms=1).__enter__()
    vars(made.proxy)["add"] = add
    assert made.toxics() == {}
