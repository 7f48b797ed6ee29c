"""Laying the links: an address for everybody, and a listener for every consumer of every service.

The name by which a consumer calls a service has, in that consumer's `/etc/hosts` alone, an address of the door's own,
and there the proxy listens on the service's own ports. So a fault can be put on each link alone, and no application has
to be configured. Whoever asks Docker's name server instead gets the replica's own address, past the proxy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from harness.engine import Network
from harness.environment.links import Link, Links
from harness.stack import ENTRYPOINT, Service, Stack

FIRST = 2  # 0 is the network, 1 its bridge
API_PORT = 8474  # where the proxy's own API listens, as Toxiproxy's does; outside, where no service's port is
ENTRY_PORT = 20000  # where it listens for the entry point; outside as well

Ports = Mapping[str, tuple[int, ...]]  # service to its TCP ports


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """What consumers connect to: a service, or one replica of several. `replica` is None where any of them answers."""

    service: Service
    names: tuple[str, ...]
    replica: str | None


def targets(stack: Stack, ports: Ports) -> tuple[LinkTarget, ...]:
    """Every target of a stack. A service of which no port is known has none: it is reached directly, by Docker's name
    server.
    """
    found = []
    for service in stack.services.values():
        names = service.replica_names()
        if not names or not ports.get(service.name):
            continue
        if len(names) == 1:
            found.append(LinkTarget(service, (service.name, names[0]), names[0]))
            continue
        found.append(LinkTarget(service, (service.name,), None))
        found += [LinkTarget(service, (name,), name) for name in names]
    return tuple(found)


def addresses_needed(stack: Stack, ports: Ports, *, spare: bool = False) -> int:
    """How many addresses an environment's network must have: for replicas, the door, and each consumer's targets.

    Args:
        spare: a second one for each replica, see `Wiring.spare`.
    """
    replicas = sum(service.replicas for service in stack.services.values())
    return replicas * (2 if spare else 1) + 1 + replicas * len(targets(stack, ports))


@dataclass(frozen=True, slots=True)
class Wiring:
    """Who has which address, and which links there are.

    Attributes:
        replicas: the address of each replica, by its name.
        door: the door's first address; connections to replicas come from there.
        outside: its address in the outer network, where this machine alone reaches it.
        listening: the door's other addresses, one for each consumer and target.
        hosts: by consumer, the names of its targets and their addresses: what goes into its `/etc/hosts`.
        links: every link, those from the entry point last.
        published: `service:port` of each entry point to the door's port that is published for it.
        spare: a second address of each replica, for the container that gets ready beside the one that it will replace.
    """

    replicas: Mapping[str, str]
    door: str
    outside: str
    listening: tuple[str, ...]
    hosts: Mapping[str, Mapping[str, str]]
    links: Links
    published: Mapping[str, int]
    spare: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def plan(
        cls, environment: str, stack: Stack, ports: Ports, inside: Network, outside: Network, *, spare: bool = False
    ) -> Wiring:
        """Give out the addresses of the two networks.

        Args:
            environment: its name.
            ports: the TCP ports of each service; see `targets`.
            spare: whether replicas are to be replaced.

        Raises:
            NetworkError: `inside` is too small; `addresses_needed` says what it takes.
        """
        free, beyond = _numbered(inside), str(outside.address(FIRST))
        names = [name for service in stack.services.values() for name in service.replica_names()]
        replicas = {name: str(next(free)) for name in names}
        door = str(next(free))
        hosts: dict[str, dict[str, str]] = {name: {} for name in names}
        links: list[Link] = []
        for consumer in names:
            for target in targets(stack, ports):
                if target.replica == consumer:
                    continue
                address = str(next(free))
                hosts[consumer].update(dict.fromkeys(target.names, address))
                links += [
                    _link(consumer, target, port, f"{address}:{port}", replicas) for port in ports[target.service.name]
                ]
        listening = tuple(dict.fromkeys(link.listen.rpartition(":")[0] for link in links))
        published = {}
        if stack.harness.entry is not None:
            published[":".join(map(str, stack.harness.entry))] = ENTRY_PORT
            links.append(_entry(stack, stack.harness.entry, replicas, f"{beyond}:{ENTRY_PORT}"))
        second = {name: str(next(free)) for name in names} if spare else {}
        return cls(replicas, door, beyond, listening, hosts, Links(environment, links), published, second)


def _numbered(network: Network) -> Iterator[IPv4Address]:
    number = FIRST
    while True:
        yield network.address(number)
        number += 1


def _link(consumer: str, target: LinkTarget, port: int, listen: str, replicas: Mapping[str, str]) -> Link:
    # One replica keeps its address for as long as the environment lives. Which of several answers is for Docker's name
    # server to say, connection by connection, as it does without a proxy.
    host = target.service.name if target.replica is None else replicas[target.replica]
    upstream = f"{host}:{port}"
    return Link(consumer, target.names[0], target.service.name, port, listen, upstream, target.names)


def _entry(stack: Stack, entry: tuple[str, int], replicas: Mapping[str, str], listen: str) -> Link:
    service, port = stack.service(entry[0]), entry[1]
    names = service.replica_names()
    target = LinkTarget(
        service, (service.name, *(names if len(names) == 1 else ())), names[0] if len(names) == 1 else None
    )
    return _link(ENTRYPOINT, target, port, listen, replicas)
