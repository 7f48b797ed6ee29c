"""The TCP sockets of a replica, as its kernel lists them: who listens where, and who talks past the proxy."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from harness.environment.links import Links
from harness.environment.replica import Replica
from harness.errors import HostError
from harness.threads import concurrently

LIST = "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; true"  # tcp6 is missing where IPv6 is switched off
STATES = {"01": "established", "0A": "listen"}


@dataclass(frozen=True, slots=True)
class Socket:
    """One TCP socket. Addresses are texts; an IPv4 address in IPv6 clothes is the IPv4 one. `state` is `established`,
    `listen` or `other`.
    """

    local: str
    port: int
    remote: str
    remote_port: int
    state: str


def parse(text: str) -> tuple[Socket, ...]:
    """The sockets of `/proc/net/tcp` and `/proc/net/tcp6`, one after the other; what is no socket is passed over."""
    rows = (line.split() for line in text.splitlines())
    return tuple(
        Socket(*_end(fields[1]), *_end(fields[2]), STATES.get(fields[3], "other"))
        for fields in rows
        if len(fields) > 3 and ":" in fields[1]
    )


def _end(text: str) -> tuple[str, int]:
    digits, _, port = text.partition(":")
    # Each four bytes are a number in the machine's order: little-endian wherever containers run today.
    packed = b"".join(bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8))
    address = ipaddress.ip_address(packed)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address), int(port, 16)


def sockets(replica: Replica) -> tuple[Socket, ...]:
    """The TCP sockets of a replica now. HostError where it cannot be asked."""
    return parse(replica.run(LIST).stdout)


def what_no_link_carries(
    replicas: Iterable[Replica], ports: Mapping[str, tuple[int, ...]], direct: Iterable[str]
) -> list[str]:
    """Sentences for the user: services that are reached past the proxy, and ports that no neighbour reaches by name.

    Args:
        ports: the ports of each service that links lead to.
        direct: the services with datagrams.
    """
    said = [f"{name} declares a port that is not TCP: it is reached directly, and has no links" for name in direct]
    linked = [replica for replica in replicas if ports.get(replica.service)]
    hidden = concurrently([partial(_hidden, replica, ports[replica.service]) for replica in linked], len(linked))
    return said + [
        f"{replica.name} listens on {', '.join(map(str, found))}, where no link leads: its neighbours are refused "
        f"there by its name; declare what they need with `expose` in {replica.service}"
        for replica, found in zip(linked, hidden, strict=True)
        if found
    ]


def _hidden(replica: Replica, declared: Iterable[int]) -> tuple[int, ...]:
    try:
        return undeclared(sockets(replica), declared)
    except HostError:  # it has no shell to ask through, or has ended: whoever needs it finds out
        return ()


def undeclared(found: Iterable[Socket], declared: Iterable[int]) -> tuple[int, ...]:
    """The ports on which others are listened for, and which no link leads to."""
    known = set(declared)
    listening = {
        socket.port
        for socket in found
        if socket.state == "listen" and not ipaddress.ip_address(socket.local).is_loopback
    }
    return tuple(sorted(listening - known))


def straight(found: Iterable[Socket], consumer: str, links: Links, addresses: Mapping[str, str]) -> tuple[str, ...]:
    """The connections of a consumer that go past the proxy: `database-1:5432`, each once.

    Args:
        found: the consumer's sockets.
        addresses: of each replica, by name.
    """
    names = {address: name for name, address in addresses.items() if name != consumer}
    served = {(link.service, link.port) for link in links}
    past = {
        f"{names[socket.remote]}:{socket.remote_port}"
        for socket in found
        if socket.state == "established"
        and socket.remote in names
        and (names[socket.remote].rpartition("-")[0], socket.remote_port) in served
    }
    return tuple(sorted(past))
