"""A real proxy in a process of its own, and an environment over it for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.engine import Engine
from harness.history import History
from harness.plan.run_id import new_run_id
from harness.plan.subject import Subject
from harness.proxy.client import ProxyClient
from harness.stack import load
from suites.selftest.faults.made import Made
from suites.selftest.faults.servers import STACK, Servers
from suites.selftest.proxy.conftest import start
from suites.selftest.proxy.peers import Api, echo, service


@pytest.fixture(scope="session")
def faults_server() -> Iterator[Api]:
    process, api = start("-seed", "1", "-proxy-metrics")
    assert process.stderr is not None
    process.stderr.close()
    yield api
    process.terminate()
    assert process.wait(10) == 0


@pytest.fixture(scope="session")
def echo_port() -> Iterator[int]:
    with service(echo) as port:
        yield port


@pytest.fixture
def made(faults_server: Api, echo_port: int) -> Iterator[Made]:
    """An environment whose links all lead to an echo."""
    client = ProxyClient(faults_server.host, faults_server.port, environment="h1")
    found = Made(client)
    wanted = [
        {"name": link.name, "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{echo_port}", "enabled": True}
        for link in found.links
    ]
    assert faults_server("POST", "/populate", wanted).status == 201
    yield found
    for name in faults_server("GET", "/proxies").json:
        faults_server("DELETE", f"/proxies/{name}")


@pytest.fixture
def stock(made: Made) -> Made:
    """The same, taken for a Toxiproxy of another make: no leases, no `stats`, only `/metrics`."""
    vars(made.proxy)["_version"] = "2.12.0"
    return made


@pytest.fixture(scope="module")
def servers(harness_engine: Engine, request: pytest.FixtureRequest) -> Iterator[Servers]:
    """Servers that only the tests of one file use, with nobody else who talks to them."""
    history = History()
    environment = Subject(
        harness_engine, load(STACK), "4.1.0", history, run=new_run_id(), test=request.node.nodeid, seed=1
    )
    with history.scope(environment=environment.id), environment:
        yield Servers(environment)
