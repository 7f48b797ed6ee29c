"""Replicas are taken out of the declared HAProxy before they are replaced, and put back when they are ready."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.clock import ManualClock
from harness.deploy._balancer import ADMITTED_WITHIN, Balancer, BalancerServer, read
from harness.environment import Environment, Replica
from harness.environment.links import Link
from harness.environment.shell import Answer
from harness.errors import DeployerError, HostError, NotReady
from harness.history import History
from harness.stack import Stack
from suites.selftest.deploy.made import stack

HEADER = "# pxname,svname,type,scur,status,addr\n"


class FakeHAProxy:
    """HAProxy's runtime API, as far as draining needs it.

    Attributes:
        rows: by server: status, sessions, address.
        looks: what the sessions of a drained server are, look after look.
    """

    name, service = "lb-1", "lb"

    def __init__(self) -> None:
        self.rows: dict[str, list[str]] = {
            name: ["UP", "0", f"10.0.0.{number}:8080"] for number, name in enumerate(("web-1", "web-2", "app2"), 1)
        }
        self.told: list[str] = []
        self.looks: list[str] = []
        self.refuses, self.gone, self.up_again = "", False, True

    def run(self, command: list[str]) -> Answer:
        if self.gone:
            return Answer(127, "the image has none of socat", "", 0.0)
        said = command[-1].partition("| (")[0].removeprefix("printf %s ").strip().strip("'").strip()
        return Answer(0, self.answer(said), "", 0.0)

    def answer(self, command: str) -> str:
        if command == "show stat":
            lines = [f"web,{name},2,{sessions},{status},{addr}" for name, (status, sessions, addr) in self.rows.items()]
            for row in self.rows.values():
                if row[0] == "DRAIN" and self.looks:
                    row[1] = self.looks.pop(0)
            return HEADER + "\n".join(["entry,FRONTEND,0,3,OPEN,", *lines, "web,BACKEND,1,3,UP,"]) + "\n\n"
        if self.refuses:
            return self.refuses
        self.told.append(command)
        server, state = command.removeprefix("set server web/").split(" state ")
        self.rows[server][0] = "DRAIN" if state == "drain" else "UP" if self.up_again else "DOWN"
        return "\n"


@pytest.fixture
def haproxy() -> FakeHAProxy:
    return FakeHAProxy()


def balancer(haproxy: FakeHAProxy, directory: Path, probes: str = 'haproxy: {in: lb, socket: "127.0.0.1:9999"}') -> Any:
    made: Stack = stack(directory, more=f"probes: {{{probes}}}")
    links = (Link("lb-1", "web-3", "web", 8080, "10.0.0.3:8080", "10.0.1.3:8080", ("web-3",)),)

    class Made(SimpleNamespace):
        def __getitem__(self, service: str) -> tuple[Any, ...]:
            assert service == "lb"
            return (haproxy,)

    lines: list[str] = []
    environment = cast(Environment, Made(stack=made, links=links, history=History(clock=ManualClock())))
    found = Balancer.of(environment, lambda text, _stream: lines.append(text))
    return found, lines


def replica(name: str, directory: Path) -> Replica:
    made = stack(directory).service(name.rpartition("-")[0])
    return cast(Replica, SimpleNamespace(name=name, service=made.name, declared=made))


def never() -> bool:
    return False


def test_a_replica_is_drained_by_its_name_and_waited_for(haproxy: FakeHAProxy, tmp_path: Path) -> None:
    made, lines = balancer(haproxy, tmp_path)
    haproxy.looks = ["2", "1", "0"]
    haproxy.rows["web-1"][1] = "3"
    made.drain(replica("web-1", tmp_path), never)
    assert (haproxy.told, haproxy.looks, lines) == (["set server web/web-1 state drain"], [], ["web-1 is drained"])


def test_one_of_another_name_is_known_by_the_address_at_which_the_balancer_finds_it(
    haproxy: FakeHAProxy, tmp_path: Path
) -> None:
    made, _ = balancer(haproxy, tmp_path)
    made.drain(replica("web-3", tmp_path), never)
    assert haproxy.told == ["set server web/app2 state drain"]


def test_requests_that_do_not_end_are_waited_for_as_long_as_the_grace_period(
    haproxy: FakeHAProxy, tmp_path: Path
) -> None:
    made, lines = balancer(haproxy, tmp_path)
    haproxy.rows["web-1"][1] = "1"
    clock = made.environment.history.clock
    began = clock.monotonic()
    made.drain(replica("web-1", tmp_path), never)
    assert 3.0 <= clock.monotonic() - began < 3.5
    assert lines == ["web-1 still had requests after 3 s, and is stopped anyway"]


def test_it_is_put_back_and_waited_for_until_requests_are_sent_to_it(haproxy: FakeHAProxy, tmp_path: Path) -> None:
    made, _ = balancer(haproxy, tmp_path)
    made.admit(replica("web-1", tmp_path), never)
    assert haproxy.told == []  # it was never out
    haproxy.rows["web-1"][0] = "DRAIN"
    made.admit(replica("web-1", tmp_path), never)
    assert haproxy.told == ["set server web/web-1 state ready"]


def test_one_that_haproxy_does_not_find_well_has_failed(haproxy: FakeHAProxy, tmp_path: Path) -> None:
    made, _ = balancer(haproxy, tmp_path)
    haproxy.rows["web-1"][0], haproxy.up_again = "MAINT", False
    with pytest.raises(NotReady, match="did not put web-1 back into rotation") as caught:
        made.admit(replica("web-1", tmp_path), never)
    assert caught.value.got == "web/web-1 is DOWN"
    assert caught.value.expected == f"UP within {ADMITTED_WITHIN:g} s"


def test_nobody_waits_for_it_once_the_deployer_is_killed(haproxy: FakeHAProxy, tmp_path: Path) -> None:
    made, _ = balancer(haproxy, tmp_path)
    haproxy.rows["web-1"][:2] = ["MAINT", "1"]
    haproxy.up_again, began = False, made.environment.history.clock.monotonic()
    made.admit(replica("web-1", tmp_path), lambda: True)
    made.drain(replica("web-1", tmp_path), lambda: True)
    assert made.environment.history.clock.monotonic() == began


def test_a_socket_without_rights_and_one_that_cannot_be_asked_are_told(haproxy: FakeHAProxy, tmp_path: Path) -> None:
    made, _ = balancer(haproxy, tmp_path)
    haproxy.refuses = "Permission denied\n"
    with pytest.raises(DeployerError, match="refuses to drain") as refused:
        made.drain(replica("web-1", tmp_path), never)
    assert refused.value.got == "Permission denied"
    haproxy.gone = True
    with pytest.raises(HostError, match="cannot be asked"):
        made.drain(replica("web-1", tmp_path), never)


@pytest.mark.parametrize("probes", ["", 'haproxy: {in: lb, url: "http://127.0.0.1:8404/stats"}'])
def test_without_a_runtime_api_nothing_is_drained(haproxy: FakeHAProxy, tmp_path: Path, probes: str) -> None:
    made, _ = balancer(haproxy, tmp_path, probes)
    haproxy.gone = True  # who asks it fails
    made.drain(replica("web-1", tmp_path), never)
    made.admit(replica("web-1", tmp_path), never)


def test_the_balancer_itself_is_not_drained(haproxy: FakeHAProxy, tmp_path: Path) -> None:
    made, _ = balancer(haproxy, tmp_path)
    haproxy.gone = True
    made.drain(replica("lb-1", tmp_path), never)


def test_servers_are_read_out_of_haproxys_statistics() -> None:
    text = HEADER + "web,web-1,2,,no check,\nweb,BACKEND,1,1,UP,\n\n"
    assert list(read(text)) == [(BalancerServer("web", "web-1", "no check", 0), "")]
