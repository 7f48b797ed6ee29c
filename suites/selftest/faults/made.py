"""An environment that needs no container: its links lead over a real proxy to echo services in threads."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from typing import Any, cast

from harness.engine import Network
from harness.environment import Environment
from harness.environment.links import Link
from harness.environment.shell import Answer
from harness.environment.wiring import Wiring
from harness.errors import ReplicaGone, UsageError
from harness.faults.injection import Faults
from harness.history import Event, History
from harness.proxy.client import ProxyClient
from harness.stack import ENTRYPOINT, Stack
from harness.stack.xharness import XHarness
from suites.raw import select
from suites.selftest.environment.fakes import stack
from suites.selftest.proxy.peers import SECONDS, read_exactly, round_trip

PORTS = {"lb": (80,), "backend": (8080,), "database": (5432,), "cache": (6379, 26379), "control": ()}
CACHE = "backend-2:cache:6379"  # the link that most tests use
RELEASE = {"release": {"backend": {"command": ["true"]}}}


def reference(backends: int = 3, *, probes: bool = True) -> Stack:
    """lb, backends, database, cache and control; a deployment changes the backends, where `probes` say so."""
    bare = stack(lb={}, backend={"replicas": backends}, database={}, cache={}, control={})
    declared = {"entrypoint": "lb:80", **({"probes": RELEASE} if probes else {})}
    return bare.model_copy(update={"harness": XHarness.model_validate(declared)})


class FakeReplica:
    """Has TCP counters of its own, which a test moves."""

    def __init__(self, name: str) -> None:
        self.name, self.service = name, name.rsplit("-", 1)[0]
        self.failed_attempts = 7
        self.gone = False

    def run(self, command: str) -> Answer:
        if self.gone:
            raise ReplicaGone(f"{self.name} is gone")
        assert command == "cat /proc/net/snmp"
        text = f"Ip: Forwarding\nIp: 1\nTcp: RtoMin AttemptFails EstabResets\nTcp: 200 {self.failed_attempts} 3\n"
        return Answer(0, text, "", 0.001)


class Made:
    """The environment `h1`, as far as faults see it."""

    id = "h1"

    def __init__(self, client: ProxyClient | None, made: Stack | None = None, seed: int = 1) -> None:
        self.stack, self.seed, self.history = made or reference(), seed, History()
        network = Network("n", "h1", IPv4Network("10.1.0.0/24"), internal=True)
        outside = Network("o", "h1-door", IPv4Network("10.2.0.0/29"), internal=False)
        self.links = Wiring.plan("h1", self.stack, PORTS, network, outside).links
        self.replicas = tuple(FakeReplica(n) for s in self.stack.services.values() for n in s.replica_names())
        self.past: tuple[str, ...] = ()
        if client is not None:
            self.proxy = client

    @property
    def fleet_services(self) -> tuple[str, ...]:
        return tuple(self.stack.harness.probes.release)

    def __getitem__(self, service: str) -> tuple[FakeReplica, ...]:
        self.stack.service(service)
        return tuple(replica for replica in self.replicas if replica.service == service)

    def replica(self, name: str) -> FakeReplica:
        for replica in self.replicas:
            if replica.name == name:
                return replica
        raise UsageError("No such replica", got=name)

    def past_the_proxy(self, consumer: str) -> tuple[str, ...]:
        assert consumer != ENTRYPOINT
        return self.past

    # -- what tests do with it -----------------------------------------------------------------------------------------

    @property
    def environment(self) -> Environment:
        return cast(Environment, cast(Any, self))

    @property
    def faults(self) -> Faults:
        return Faults(self.environment)

    def link(self, name: str) -> Link:
        return next(link for link in self.links if link.name == name)

    def connect(self, link: str = CACHE) -> socket.socket:
        """A connection of the link's consumer; its own kernel counts what fails."""
        host, _, port = self.proxy.proxy(link).listen.rpartition(":")
        opened = socket.socket()
        opened.settimeout(SECONDS)
        try:
            opened.connect((host, int(port)))
        except ConnectionRefusedError:
            opened.close()
            self.replica(link.split(":", maxsplit=1)[0]).failed_attempts += 1
            raise
        return opened

    def talk(self, link: str = CACHE, data: bytes = b"ping") -> float:
        """Seconds for a new connection and a round trip over it, as the link's consumer makes them."""
        began = time.perf_counter()
        with self.connect(link) as opened:
            round_trip(opened, data)
        return time.perf_counter() - began

    def toxics(self) -> dict[str, list[tuple[str, str]]]:
        """The (type, stream) of every toxic, by the link that has any; `down` for a link that is down."""
        found = {
            name: sorted((toxic.type, toxic.stream) for toxic in state.toxics)
            + ([] if state.enabled else [("down", "")])
            for name, state in self.proxy.proxies().items()
        }
        return {name: toxics for name, toxics in found.items() if toxics}

    def healed(self) -> Event:
        """The last `fault.heal`."""
        return select(self.history.events, "fault.heal")[-1]


@contextmanager
def opened(make: Callable[[], socket.socket]) -> Iterator[socket.socket]:
    """A connection over which a round trip has gone already."""
    with make() as connection:
        round_trip(connection)
        yield connection


def arrives(connection: socket.socket, data: bytes) -> None:
    """These bytes come."""
    assert read_exactly(connection, len(data)) == data


def silent(connection: socket.socket, seconds: float = 0.3) -> bool:
    """Nothing comes for so long. That it is silent for as long as it should be is exact however slow the machine is."""
    connection.settimeout(seconds)
    try:
        return connection.recv(1, socket.MSG_PEEK) is None
    except TimeoutError:
        return True
    finally:
        connection.settimeout(SECONDS)
