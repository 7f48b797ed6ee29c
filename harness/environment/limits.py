"""The door's routing rules: who reaches what through it, kept by the kernel in the door's own network.

Routes decide by the destination alone. That is not enough here: a reply to this machine may leave and a connection to
it may not, and a replica that sends something to the door's outer address by way of its inner one must be refused. So
these rules replace the one that comes first by default, for the door's own addresses. They need no packet filter and
none of its modules. The proxy cannot change them: it runs without NET_ADMIN.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from harness.environment.specs import Resources

INSIDE, OUTSIDE = "@inside@", "@outside@"  # stand for the devices, whose names only the container knows


def network(resources: Resources) -> str:
    """What the `door` program of the proxy's image does to its network, as the text of its file `/network`.

    Returns:
        The door's first address inside and the one outside, on the first line; then commands for `ip -batch`.
    """
    wiring, inside, outside = resources.wiring, resources.inside.subnet, resources.outside.subnet
    addresses = [f"address add {one}/{inside.prefixlen} dev {INSIDE}" for one in wiring.listening]
    return "\n".join([f"{wiring.door} {wiring.outside}", *addresses, *_rules(inside, outside, wiring.outside), ""])


def _rules(inside: IPv4Network, outside: IPv4Network, address: str) -> Iterator[str]:
    # What arrives: from replicas to the addresses inside, from this machine to the one outside.
    yield f"rule add pref 10 iif {INSIDE} to {inside} lookup local"
    yield f"rule add pref 11 iif {INSIDE} blackhole"
    yield f"rule add pref 20 iif {OUTSIDE} to {address} lookup local"
    yield f"rule add pref 21 iif {OUTSIDE} blackhole"
    # What is sent: outside only what has the outer address already, which is an answer. A connection that the proxy
    # makes gets its address from the route that is found for it, and finds none. No rule here may ask for a port: the
    # kernel looks for a route before it answers an ARP request as well, which has none.
    yield f"rule add pref 30 from {address} to {outside} lookup main"
    yield "rule add pref 40 to 127.0.0.0/8 lookup local"  # Docker's name server is at 127.0.0.11
    yield f"rule add pref 41 to {inside} lookup local"
    yield f"rule add pref 42 to {inside} lookup main"
    yield "rule add pref 50 unreachable"
    yield "rule del pref 0"
