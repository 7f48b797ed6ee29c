"""The kernel's list of sockets, and what follows from it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from fixtures import tiny
from harness.environment.links import Link, Links
from harness.environment.replica import Replica
from harness.environment.shell import Answer
from harness.environment.sockets import Socket, parse, sockets, straight, undeclared, what_no_link_carries
from harness.errors import ReplicaGone
from harness.plan.subject import Subject
from suites.selftest.environment.fakes import FakeReplica

TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   2: 0500D50A:B2C4 0400D50A:1538 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
  sl  local_address                         remote_address                        st tx_queue rx_queue tr
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00
   1: 0000000000000000FFFF00000500D50A:1F90 0000000000000000FFFF00000900D50A:C001 01 00000000:00000000 00
   2: 00000000000000000000000001000000:0017 00000000000000000000000000000000:0000 0A 00000000:00000000 00
"""
LINKS = Links("h1", [Link("web-1", "database", "database", 5432, "10.213.0.9:5432", "10.213.0.4:5432")])


def test_both_tables_are_read() -> None:
    found = parse(TABLE)
    assert found[0] == Socket("0.0.0.0", 8080, "0.0.0.0", 0, "listen")
    assert found[2] == Socket("10.213.0.5", 45764, "10.213.0.4", 5432, "established")
    assert found[3] == Socket("::", 22, "::", 0, "listen")
    assert found[4] == Socket("10.213.0.5", 8080, "10.213.0.9", 49153, "established")
    assert parse("nonsense") == ()


def test_a_port_is_undeclared_where_others_can_reach_it_and_no_link_does() -> None:
    assert undeclared(parse(TABLE), [8080]) == (22,)
    assert undeclared(parse(TABLE), [8080, 22]) == ()


def test_a_connection_to_a_replicas_own_address_is_past_the_proxy() -> None:
    addresses = {"web-1": "10.213.0.5", "database-1": "10.213.0.4"}
    assert straight(parse(TABLE), "web-1", LINKS, addresses) == ("database-1:5432",)
    assert straight(parse(TABLE), "web-1", LINKS, {"database-1": "10.213.0.8"}) == ()
    assert (
        straight(parse(TABLE), "web-1", Links("h1", ()), addresses) == ()
    )  # no link leads there: nothing is passed by


def said(*replicas: FakeReplica, ports: dict[str, tuple[int, ...]], direct: tuple[str, ...] = ()) -> list[str]:
    return what_no_link_carries(cast(Any, replicas), ports, direct)


def test_a_port_that_no_link_leads_to_is_told_with_what_to_do() -> None:
    web = FakeReplica("web-1", [Answer(0, TABLE, "", 0.001)])
    (sentence,) = said(web, ports={"web": (8080,)})
    assert sentence.startswith("web-1 listens on 22, where no link leads")
    assert "`expose` in web" in sentence


def test_a_service_with_datagrams_is_told_and_one_without_links_is_not_asked() -> None:
    statsd = FakeReplica("statsd-1")
    assert said(statsd, ports={"statsd": ()}, direct=("statsd",)) == [
        "statsd declares a port that is not TCP: it is reached directly, and has no links"
    ]
    assert statsd.asked == []


def test_a_replica_that_cannot_be_asked_is_left_to_whoever_needs_it() -> None:
    assert said(FakeReplica("web-1", [ReplicaGone("gone")]), ports={"web": (80,)}) == []


@pytest.mark.harness(stack=str(tiny.STACK))
def test_who_connects_to_an_address_instead_of_a_name_is_found_out(environment: Subject) -> None:
    control: Replica = environment.replica("control-1")
    web = environment.addresses["web-1"]
    connect = f'import socket, time; s = socket.create_connection(("{web}", 8080)); time.sleep(60)'
    control.run(f"python3 -c '{connect}' >/dev/null 2>&1 &")
    clock, limit = environment.history.clock, environment.history.clock.monotonic() + 60
    while not any(one.remote == web for one in sockets(control)):
        assert clock.monotonic() < limit
    assert environment.past_the_proxy("control-1") == ("web-1:8080",)
