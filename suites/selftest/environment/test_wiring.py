"""Giving out addresses and listeners; and that connections really pass through them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

from fixtures import reference, tiny
from harness.engine import Network
from harness.environment.wiring import Wiring, addresses_needed, targets
from harness.errors import NetworkError
from harness.plan.subject import Subject
from harness.stack import ENTRYPOINT, Stack
from harness.stack.xharness import XHarness
from suites.selftest.environment.fakes import stack

OUTSIDE = Network("o", "h1-door", IPv4Network("10.2.0.0/29"), internal=False)
PORTS = {"lb": (80,), "backend": (22, 8080), "cache": (6379,), "control": ()}


def made(entrypoint: str | None = "lb:80") -> Stack:
    bare = stack(lb={}, backend={"replicas": 2}, cache={}, control={})
    return bare.model_copy(update={"harness": XHarness(entrypoint=entrypoint)})


def plan(made: Stack, subnet: str = "10.1.0.0/26") -> Wiring:
    return Wiring.plan("h1", made, PORTS, Network("n", "h1", IPv4Network(subnet), internal=True), OUTSIDE)


def test_a_service_with_several_replicas_is_a_target_and_so_is_each_of_them() -> None:
    assert [target.names for target in targets(made(), PORTS)] == [
        ("lb", "lb-1"), ("backend",), ("backend-1",), ("backend-2",), ("cache", "cache-1"),
    ]  # fmt: skip


def test_a_service_without_ports_or_replicas_is_no_target() -> None:
    assert targets(stack(control={}), {"control": ()}) == ()
    assert targets(stack(web={"replicas": 0}), {"web": (80,)}) == ()


def test_everybody_has_an_address_of_its_own() -> None:
    wiring = plan(made())
    given = [*wiring.replicas.values(), wiring.door, *wiring.listening]
    assert len(given) == len(set(given)) <= addresses_needed(made(), PORTS)
    assert all(IPv4Address(one) in IPv4Network("10.1.0.0/26") for one in given)


def test_every_link_has_a_listener_of_its_own_on_the_services_own_port() -> None:
    links = [link for link in plan(made()).links if link.consumer != ENTRYPOINT]
    assert len({link.listen for link in links}) == len(links)
    assert all(link.listen.endswith(f":{link.port}") for link in links)
    assert {link.consumer for link in links} == {"lb-1", "backend-1", "backend-2", "cache-1", "control-1"}


def test_a_consumer_finds_its_targets_in_its_own_hosts_file_and_itself_where_it_is() -> None:
    wiring = plan(made())
    assert set(wiring.hosts["backend-1"]) == {"lb", "lb-1", "backend", "backend-2", "cache", "cache-1"}
    assert wiring.hosts["backend-1"]["cache"] == wiring.hosts["backend-1"]["cache-1"]
    assert wiring.hosts["backend-1"]["cache"] != wiring.hosts["backend-2"]["cache"]
    (link,) = wiring.links.between("backend-1", "cache")
    assert link.listen == f"{wiring.hosts['backend-1']['cache']}:6379"


def test_one_replica_is_reached_at_its_address_and_several_by_their_name() -> None:
    wiring = plan(made())
    (cache,) = wiring.links.between("lb-1", "cache")
    assert cache.upstream == f"{wiring.replicas['cache-1']}:6379"
    any_of_them, first, second = wiring.links.between("lb-1", "backend", 8080)
    assert any_of_them.upstream == "backend:8080"
    assert (first.upstream, second.upstream) == tuple(f"{wiring.replicas[f'backend-{n}']}:8080" for n in (1, 2))


def test_the_entry_point_is_a_link_too_and_is_published_where_no_replica_is() -> None:
    wiring = plan(made())
    (link,) = wiring.links.between(ENTRYPOINT, "lb")
    assert (link.listen, link.upstream) == ("10.2.0.2:20000", f"{wiring.replicas['lb-1']}:80")
    assert wiring.published == {"lb:80": 20000}
    assert plan(made(None)).published == {}


def test_nothing_but_links_between_replicas_listens_where_replicas_are() -> None:
    wiring = plan(made())
    listening = {link.listen.rpartition(":")[0]: link.consumer for link in wiring.links}
    assert {consumer for address, consumer in listening.items() if address == wiring.outside} == {ENTRYPOINT}
    assert set(listening) - {wiring.outside} == set(wiring.listening)
    assert IPv4Address(wiring.outside) in OUTSIDE.subnet


def test_a_network_that_is_too_small_is_an_error() -> None:
    with pytest.raises(NetworkError, match="no address number"):
        plan(made(), "10.1.0.0/28")


# -- with containers ---------------------------------------------------------------------------------------------------


def accepted(environment: Subject, name: str) -> int:
    return int(environment.proxy.stats(name)["connections"]["accepted"])


@pytest.mark.harness(stack=str(tiny.STACK))
def test_what_a_replica_connects_to_by_name_passes_through_its_own_link_alone(environment: Subject) -> None:
    ask = (
        """python3 -c "import urllib.request as r; print(r.urlopen('http://web-2:8080/version', timeout=30).read())" """
    )
    answer = environment.replica("control-1").run(ask)
    assert "web-2" in answer.stdout, answer.stderr
    used = {link.name for link in environment.links if accepted(environment, link.name)}
    assert used == {"control-1:web-2:8080"}


@pytest.mark.harness(stack=str(reference.STACK), release_from="4.1.0", release_to="4.1.1")
def test_every_connection_of_the_reference_stack_passes_through_a_link(environment: Subject) -> None:
    straight = {replica.name: environment.past_the_proxy(replica.name) for replica in environment.replicas}
    assert not any(straight.values()), straight
    used = {link.name for link in environment.links if accepted(environment, link.name)}
    assert {f"lb-1:backend-{n}:8080" for n in (1, 2, 3)} <= used
    assert {f"backend-{n}:{to}" for n in (1, 2, 3) for to in ("database:5432", "cache:6379")} <= used
    assert environment.warnings == ()
