"""The door's routing rules: who reaches what through it, kept by the kernel in the door's own network.

Routes decide by the destination alone. That is not enough here: a reply to this machine may leave and a connection to
it may not, and a replica that sends something to the door's outer address by way of its inner one must be refused. So
these rules replace the one that comes first by default, for the door's own addresses. They need no packet filter and
none of its modules. The proxy cannot change them: it runs without NET_ADMIN.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from harness.environment.specs import Plumbing
from harness.environment.wiring import API_PORT

INSIDE, OUTSIDE = "@inside@", "@outside@"  # stand for the devices, whose names only the container knows
TCP = 6  # by its number: the image has no list of protocols


def network(plumbing: Plumbing) -> str:
    """What the `door` program of the proxy's image does to its network, as the text of its file `/network`.

    Returns:
        The door's first address inside and the one outside, on the first line; then commands for `ip -batch`.
    """
    wiring, inside, outside = plumbing.wiring, plumbing.inside.subnet, plumbing.outside.subnet
    addresses = [f"address add {one}/{inside.prefixlen} dev {INSIDE}" for one in wiring.listening]
    rules = _rules(inside, outside, wiring.outside, (API_PORT, *wiring.published.values()))
    return "\n".join([f"{wiring.door} {wiring.outside}", *addresses, *rules, ""])


def _rules(inside: IPv4Network, outside: IPv4Network, address: str, ports: tuple[int, ...]) -> Iterator[str]:
    # What arrives: from replicas to the addresses inside, from this machine to the ports that are published.
    yield f"rule add pref 10 iif {INSIDE} to {inside} lookup local"
    yield f"rule add pref 11 iif {INSIDE} blackhole"
    for port in ports:
        yield f"rule add pref 20 iif {OUTSIDE} to {address} ipproto {TCP} dport {port} lookup local"
    yield f"rule add pref 21 iif {OUTSIDE} blackhole"
    # What is sent: outside only replies, since a connection that is being made has no port of those yet.
    for port in ports:
        yield f"rule add pref 30 from {address} to {outside} ipproto {TCP} sport {port} lookup main"
    yield "rule add pref 40 to 127.0.0.0/8 lookup local"  # Docker's name server is at 127.0.0.11
    yield f"rule add pref 41 to {inside} lookup local"
    yield f"rule add pref 42 to {inside} lookup main"
    yield "rule add pref 50 unreachable"
    yield "rule del pref 0"
