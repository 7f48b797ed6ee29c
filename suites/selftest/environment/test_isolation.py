"""Who reaches what: replicas, the door, this machine and other environments.

Two environments are up: one with the harness's own proxy, and one with a stand-in for a Toxiproxy, which asks for no
token and connects to whatever it is told. In both the replica `control-1` may add routes of its own (NET_ADMIN), which
is more than a replica can do unless its stack says so. Nothing here sends a packet to an address that is not ours: for
others the routes are asked.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures import tiny
from harness.engine import Engine
from harness.engine.networks import CLOSED, SYSCTL, routes
from harness.environment import Environment
from harness.environment.door import TOKEN
from harness.environment.found import pick, proxy_of
from harness.environment.wiring import API_PORT, ENTRY_PORT
from harness.errors import ProxyError
from harness.history import History
from harness.proxy.client import ProxyClient
from harness.stack import load
from suites.selftest.environment.conftest import eventually
from suites.selftest.environment.places import FRAMES, ROUTED_6, Listener, Place
from suites.selftest.faults.stock_image import in_the_proxys_place

pytestmark = pytest.mark.containers
MAY_ROUTE = "services: {control: {cap_add: [NET_ADMIN]}}\n"
FOREIGN = ("169.254.169.254", "169.254.1.1", "192.0.2.77", "198.51.100.1")
TO_SEVERAL = ("224.0.0.1", "255.255.255.255")  # which the kernel takes in without looking for a route
FOREIGN_6 = ("fe80::1", "fd00::1", "2001:db8::1", "ff02::1", "::1")


@pytest.fixture(scope="module")
def both(harness_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Place]]:
    directory = tmp_path_factory.mktemp("isolation")
    (directory / "route.yaml").write_text(MAY_ROUTE)
    stock = in_the_proxys_place(harness_engine, tmp_path_factory.mktemp("stock"))
    with contextlib.ExitStack() as stack:
        found = {}
        for name, overrides in (("own", []), ("stock", [stock])):
            made = load(tiny.STACK, [directory / "route.yaml", *overrides])
            up = Environment(harness_engine, made, "1.0.0", History(), run=f"isolation-{name}", test="isolation")
            found[name] = Place(stack.enter_context(up), harness_engine)
        yield found


@pytest.fixture(params=["own", "stock"])
def place(request: pytest.FixtureRequest, both: dict[str, Place]) -> Place:
    return both[request.param]


@pytest.fixture
def listener() -> Iterator[Listener]:
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    opened = socket.create_server(("", 0), family=family, dualstack_ipv6=family == socket.AF_INET6)
    made = Listener(opened.getsockname()[1])

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, peer = opened.accept()
                made.callers.append(str(peer[0]))
                with caller, contextlib.suppress(OSError):
                    caller.sendall(b"HTTP/1.0 200 this machine\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    yield made
    with contextlib.suppress(OSError):
        opened.shutdown(socket.SHUT_RDWR)
    opened.close()


def got(answers: dict[str, str]) -> dict[str, str]:
    """Those places where something answered."""
    return {place: said for place, said in answers.items() if said.startswith("read")}


# -- from a replica ----------------------------------------------------------------------------------------------------


def test_no_replica_finds_the_proxys_api_or_the_entry_point_at_any_address_of_the_door(place: Place) -> None:
    neighbour = place.environment.links.between("control-1", "web-1")[0].listen
    answers = place.tries(neighbour, *place.doors())
    assert got(answers).keys() == {neighbour}, answers


def test_a_route_of_a_replicas_own_leads_neither_to_the_doors_outer_address_nor_through_the_door(
    place: Place, listener: Listener
) -> None:
    outer, network = place.outer, f"{place.outer.rsplit('.', 1)[0]}.0/24"
    beyond = [f"{outer}:{API_PORT}", f"{outer}:{ENTRY_PORT}", f"{place.gateway()}:{listener.port}"]
    assert got(place.tries(*beyond, by=(place.inner, network))) == {}
    assert listener.callers == []


def test_the_door_takes_nothing_in_from_a_replica_but_for_its_inner_addresses(place: Place) -> None:
    # Not by trying: on most machines the engine's packet filter drops what is addressed elsewhere before that.
    inner = {address.rpartition(":")[0] for address in place.doors()} - {place.outer}
    assert place.door_takes_in((*inner, place.outer, place.gateway(), *FOREIGN)) == inner


def test_no_replica_reaches_this_machine(place: Place, listener: Listener) -> None:
    own, outer = place.gateway(place.environment.id), place.gateway()
    with socket.create_connection((outer, listener.port), 5) as opened:
        assert opened.recv(12) == b"HTTP/1.0 200", "the listener does not listen there"
    answers = place.tries(*(f"{address}:{listener.port}" for address in (own, outer)))
    assert got(answers) == {}
    assert [caller.removeprefix("::ffff:") for caller in listener.callers] == [outer]


def test_a_replicas_routes_end_at_a_gateway_that_nobody_is(place: Place) -> None:
    gateway = place.gateway(place.environment.id)
    table = place.environment.replica("control-1").run("cat /proc/net/route")
    hops = {line.split()[2] for line in table.stdout.splitlines()[1:]}
    named = {socket.inet_ntoa(bytes.fromhex(hop)[::-1]) for hop in hops}
    assert named - {place.inner} <= {"0.0.0.0", gateway}
    said = place.tries(f"{gateway}:1")[f"{gateway}:1"]
    assert "refused" not in said, "somebody is there"
    assert said.startswith("error")


def test_frames_of_a_replicas_own_making_are_not_answered_by_this_machine(both: dict[str, Place]) -> None:
    place = both["own"]
    (network,) = place.engine.api.networks(names=[f"^{place.environment.id}$"])
    device = f"br-{network['Id'][:12]}"
    settings = {name.format(device): value for name, value in CLOSED.items()}
    if not all(os.access(SYSCTL / name, os.W_OK) for name in settings):
        pytest.skip("it takes root on the engine's machine, and IPv6 there, to close a bridge")
    mac = Path(f"/sys/class/net/{device}/address").read_text(encoding="ascii").strip()
    parts = bytes.fromhex(mac.replace(":", ""))
    own = bytes([0xFE, 0x80, *bytes(6), parts[0] ^ 2, *parts[1:3], 0xFF, 0xFE, *parts[3:]])
    words = [mac, socket.inet_ntop(socket.AF_INET6, own), place.gateway()]

    def answered() -> str:
        return place.control(FRAMES, *words)

    assert answered() == ""
    try:  # it is for these settings, not for the frames
        for name in settings:
            (SYSCTL / name).write_text("0", encoding="ascii")
        eventually(lambda: answered() == "ARP IPv6")  # a new address is not in use at once
    finally:
        for name, value in settings.items():
            (SYSCTL / name).write_text(value, encoding="ascii")


def test_no_replica_and_no_door_has_a_route_over_ipv6(place: Place) -> None:
    assert place.control(ROUTED_6, *FOREIGN_6[:-1]) == ""
    assert place.door_has_routes_to(FOREIGN_6) == set()


# -- through the door --------------------------------------------------------------------------------------------------


def test_a_proxy_that_is_made_by_hand_leads_to_replicas_and_to_nothing_else(
    both: dict[str, Place], place: Place, listener: Listener
) -> None:
    (other,) = (one for one in both.values() if one is not place)
    assert place.through("web:8080").startswith("read HTTP/1.1 200")
    for upstream in (
        f"{place.gateway()}:{listener.port}", f"{place.gateway(place.environment.id)}:{listener.port}",
        f"{place.outer}:{API_PORT}", f"127.0.0.1:{API_PORT}", f"{other.gateway()}:{listener.port}",
        f"{other.outer}:{API_PORT}", f"{other.outer}:{ENTRY_PORT}", f"{other.inner}:8080", *other.replicas(),
    ):  # fmt: skip
        said = place.through(upstream)
        assert said == "read " or said.startswith("error "), f"{upstream} answered: {said}"
    assert listener.callers == []


def test_the_door_has_a_route_to_its_replicas_and_to_nothing_else(both: dict[str, Place], place: Place) -> None:
    (other,) = (one for one in both.values() if one is not place)
    own = {address.rpartition(":")[0] for address in place.replicas()}
    machine = {str(route[1]) for route in routes() if route.num_addresses > 2}
    there = {other.inner, other.outer, other.gateway(), place.gateway(), place.outer, *machine}
    assert place.door_has_routes_to((*own, *there, *FOREIGN, *TO_SEVERAL)) == own


def test_the_proxy_holds_no_privilege_with_which_it_could_undo_that(place: Place) -> None:
    ask = 'for one in /proc/[0-9]*; do tr "\\0" " " <$one/cmdline; tr "\\n" " " <$one/status; echo; done'
    name = "door" if place.environment.proxy.extended else "proxy"
    said = place.inside(place.container(name), ask)
    (proxy,) = (
        line for line in said.splitlines() if line.startswith("python3 ") and not line.startswith("python3 -c ")
    )
    fields = proxy.replace("\t", " ").split()
    for name in ("CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"):
        assert int(fields[fields.index(name) + 1], 16) == 0, proxy


# -- other environments, and this machine's users ----------------------------------------------------------------------


def test_environments_do_not_reach_each_other(both: dict[str, Place], place: Place) -> None:
    (other,) = (one for one in both.values() if one is not place)
    answers = place.tries(*place.replicas(), *other.replicas(), *other.doors())
    assert got(answers).keys() == set(place.replicas())


def test_who_has_no_token_is_refused_and_who_may_use_the_engine_finds_it(both: dict[str, Place]) -> None:
    place = both["own"]
    known = place.environment.proxy
    with pytest.raises(ProxyError, match="refuses") as caught:
        ProxyClient("127.0.0.1", known.port).proxies()
    assert "401" in str(caught.value.got)
    for address, port in (("127.0.0.1", known.port), (place.outer, API_PORT)):
        asked = http.client.HTTPConnection(address, port, timeout=5)
        asked.request("POST", "/reset")
        assert asked.getresponse().status == 401
        asked.close()
    assert proxy_of(pick(place.engine, place.environment.id)).proxies() == known.proxies()


def test_the_token_stands_in_the_door_and_nowhere_else(both: dict[str, Place]) -> None:
    place = both["own"]
    token = place.door.get(TOKEN).decode()
    assert len(token) >= 43
    seen: list[Any] = [
        container.inspect() for container in pick(place.engine, place.environment.id).containers.values()
    ]
    seen += [event.data for event in place.environment.history.events]
    assert token not in json.dumps(seen, default=str) + repr(place.environment._opened())
    assert place.environment.replica("control-1").run("cat /token").exit_code != 0
