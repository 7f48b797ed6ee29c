"""Networks: small subnets from a pool of our own, which parallel processes share without asking each other.

The daemon is the judge: it refuses a subnet that overlaps with one that it knows, atomically, and the next one is
taken. Starting at a random place makes a refusal rare.

Two kinds. An *environment* network is internal: its containers reach each other and nothing else, not even this
machine (the bridge has no address, and takes nothing in: see `close`). A *door* is for the one container that publishes
ports on 127.0.0.1, which an internal network cannot: no masquerading, so that nothing sent out through it gets an
answer, and no traffic between the containers in it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import docker
from docker.types import IPAMConfig, IPAMPool

from harness.engine.labels import OURS, Owner
from harness.engine.translate import SDK_ERRORS, as_ours, status, translate, words
from harness.errors import NetworkError, UsageError

DEFAULT_POOL = "10.213.0.0/16:26"
RESERVED = 3  # addresses of a subnet that no container gets: the network's, its bridge's, the broadcast's
_BRIDGE = "com.docker.network.bridge."
_INTERNAL = {_BRIDGE + "inhibit_ipv4": "true"}
_DOOR = {
    _BRIDGE + "enable_ip_masquerade": "false",
    _BRIDGE + "enable_icc": "false",
    _BRIDGE + "host_binding_ipv4": "127.0.0.1",
}


# What this machine's end of an internal network is set to. Without it a container that may send
# raw frames, which Docker allows by default, reaches whatever listens on this machine over the bridge's IPv6 address.
SYSCTL = Path("/proc/sys/net")
CLOSED = {
    "ipv6/conf/{}/disable_ipv6": "1",  # no address of its own, which every device gets otherwise
    "ipv4/conf/{}/rp_filter": "1",  # nothing is taken in: no route leads back
    "ipv4/conf/{}/arp_ignore": "8",  # and no ARP answer says that this machine has an address
}


@dataclass(frozen=True, slots=True)
class Pool:
    """The subnets that networks may have: each of `ranges` cut into subnets of `bits` bits."""

    ranges: tuple[tuple[IPv4Network, int], ...]

    @classmethod
    def parse(cls, text: str) -> Pool:
        """Read `10.213.0.0/16:26, 172.30.0.0/20`: ranges, each with the prefix length of its subnets (left out: 26).

        Raises:
            UsageError: not that.
        """
        ranges = []
        for part in (part.strip() for part in text.split(",")):
            try:
                cidr, _, bits = part.partition(":")
                network, length = IPv4Network(cidr), int(bits or 26)
            except ValueError as error:
                raise _bad_pool(part, str(error)) from error
            if not network.prefixlen <= length <= 29:
                raise _bad_pool(part, f"a range /{network.prefixlen} cut into /{length}")
            ranges.append((network, length))
        return cls(tuple(ranges))

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Pool:
        """The pool that HARNESS_SUBNETS names, else the default."""
        return cls.parse(environ.get("HARNESS_SUBNETS") or DEFAULT_POOL)

    def __len__(self) -> int:
        return sum(2 ** (length - network.prefixlen) for network, length in self.ranges)

    def __getitem__(self, index: int) -> IPv4Network:
        for network, length in self.ranges:
            count = 2 ** (length - network.prefixlen)
            if index < count:
                return IPv4Network((int(network.network_address) + index * 2 ** (32 - length), length))
            index -= count
        raise IndexError(index)

    def of_size(self, addresses: int) -> Pool:
        """The same ranges, cut into subnets that are large enough for so many containers; none smaller than before.

        Raises:
            NetworkError: no range is that large.
        """
        bits = 32 - (addresses + RESERVED - 1).bit_length()
        fitting = tuple((network, min(length, bits)) for network, length in self.ranges if network.prefixlen <= bits)
        if not fitting:
            raise NetworkError(
                f"No range of the pool of subnets has {addresses} addresses",
                where=f"HARNESS_SUBNETS, {self}",
                expected=f"a range /{bits} or larger",
                hint="name a larger range, or run fewer replicas: each has an address for every service it may call",
            )
        return Pool(fitting)

    def candidates(self, taken: Iterable[IPv4Network], start: int) -> Iterator[IPv4Network]:
        """Every subnet once, from `start` on and around, without those that overlap with `taken`."""
        busy = tuple(taken)
        for step in range(len(self)):
            subnet = self[(start + step) % len(self)]
            if not any(subnet.overlaps(other) for other in busy):
                yield subnet

    def lies_within(self, route: IPv4Network) -> bool:
        """A whole range of the pool lies within the route."""
        return any(network.subnet_of(route) for network, _ in self.ranges)

    def __str__(self) -> str:
        return ", ".join(f"{network}:{length}" for network, length in self.ranges)


def _bad_pool(part: str, got: str) -> UsageError:
    return UsageError(
        "The pool of subnets cannot be read",
        where=f"HARNESS_SUBNETS, `{part}`",
        got=got,
        expected=f"IPv4 ranges with the prefix length of their subnets (29 or less), e.g. {DEFAULT_POOL}",
    )


@dataclass(frozen=True, slots=True)
class Network:
    """A network that was made.

    Attributes:
        id, name: the engine's.
        subnet: its addresses.
        internal: True for an environment's network, False for a door.
    """

    id: str
    name: str
    subnet: IPv4Network
    internal: bool

    def address(self, number: int) -> IPv4Address:
        """The number-th address for a container, from 2 on: 0 is the network, 1 the bridge, the last the broadcast.

        Raises:
            NetworkError: the subnet has no such address.
        """
        if not 2 <= number < self.subnet.num_addresses - 1:
            raise NetworkError(
                f"The network {self.name} has no address number {number}",
                where=str(self.subnet),
                expected=f"2 to {self.subnet.num_addresses - 2}",
                hint="give HARNESS_SUBNETS larger subnets, e.g. 10.213.0.0/16:24",
            )
        return self.subnet[number]


class Networks:
    """The networks of an engine. Safe in parallel threads and processes."""

    def __init__(self, api: docker.APIClient, environ: Mapping[str, str] = os.environ, *, local: bool = False) -> None:
        self._api, self._environ, self._local = api, environ, local
        self._random = random.Random()  # noqa: S311 - spreads processes over the pool; nothing secret

    def create(self, name: str, owner: Owner, *, internal: bool = True, addresses: int = 1) -> Network:
        """Make a network on a free subnet of the pool.

        Args:
            internal: True for an environment's network; False for a door, see the module.
            addresses: how many containers' addresses it must have.

        Raises:
            NetworkError: no subnet of the pool is free, or the engine refuses for another reason.
            UsageError: HARNESS_SUBNETS cannot be read.
        """
        pool = Pool.of(self._environ).of_size(addresses)
        taken = self.taken(pool)
        start = self._random.randrange(len(pool))
        refused = "every subnet is in use by a network or a route of this machine"
        for subnet in pool.candidates(taken, start):
            try:
                return self._create(name, owner, subnet, internal=internal)
            except SDK_ERRORS as error:
                said = words(error)
                if status(error) in (400, 403, 409, 500) and "overlap" in said.lower():
                    refused = said
                    continue
                raise as_ours(error, f"The network {name} cannot be made", where=str(subnet)) from error
        raise NetworkError(
            f"The network {name} cannot be made: no subnet is free",
            where=f"HARNESS_SUBNETS, {pool} ({len(pool)} subnets)",
            got=refused,
            hint="`harness sweep` removes what dead runs left; HARNESS_SUBNETS names another pool",
        )

    def _create(self, name: str, owner: Owner, subnet: IPv4Network, *, internal: bool) -> Network:
        made = self._api.create_network(
            name,
            driver="bridge",
            internal=internal,
            options=_INTERNAL if internal else _DOOR,
            ipam=IPAMConfig(pool_configs=[IPAMPool(subnet=str(subnet), gateway=str(subnet[1]))]),
            labels=owner.labels("network"),
            check_duplicate=False,
        )
        if internal and self._local:
            close(f"br-{made['Id'][:12]}")
        return Network(str(made["Id"]), name, subnet, internal)

    def taken(self, pool: Pool) -> tuple[IPv4Network, ...]:
        """What cannot be given out now: the subnets of the engine's networks, and this machine's routes.

        A route to a whole range of the pool or more (a VPN's 10.0.0.0/8) is passed over: it would leave nothing, and
        the narrower route of a network wins against it.
        """
        with translate("The engine's networks cannot be listed"):
            networks = self._api.networks()
        pools = [pool for network in networks for pool in (network.get("IPAM") or {}).get("Config") or []]
        found = [ipaddress.ip_network(pool["Subnet"], strict=False) for pool in pools if pool.get("Subnet")]
        subnets = [subnet for subnet in found if isinstance(subnet, IPv4Network)]
        return (*subnets, *(route for route in routes() if self._local and not pool.lies_within(route)))

    def free(self) -> int:
        """How many subnets of the pool are free now."""
        pool = Pool.of(self._environ)
        return sum(1 for _ in pool.candidates(self.taken(pool), 0))

    def list(self, labels: Iterable[str] = (OURS,)) -> dict[str, dict[str, str]]:
        """Id to labels of every network that has all these labels (`key` or `key=value`)."""
        with translate("The engine's networks cannot be listed"):
            found = self._api.networks(filters={"label": list(labels)})
        return {str(network["Id"]): dict(network.get("Labels") or {}) for network in found}

    def remove(self, network: Network | str) -> bool:
        """Remove a network by itself or its id. False if it was gone already.

        Raises:
            EngineError: containers are still attached, or the engine refuses.
        """
        name, identity = (network, network) if isinstance(network, str) else (network.name, network.id)
        try:
            self._api.remove_network(identity)
        except SDK_ERRORS as error:
            if status(error) == 404:
                return False
            raise as_ours(error, f"The network {name} cannot be removed") from error
        return True


def close(device: str, settings: Path = SYSCTL) -> bool:
    """Let this machine take nothing in from a bridge. False where it cannot: not root, or a bridge elsewhere."""
    with contextlib.suppress(OSError):
        for name, value in CLOSED.items():
            file = settings / name.format(device)
            if file.parent.is_dir() or not name.startswith("ipv6"):  # a kernel without IPv6 has nothing to switch off
                file.write_text(value, encoding="ascii")
        return True
    return False


def routes(table: Path = Path("/proc/net/route")) -> tuple[IPv4Network, ...]:
    """The destinations that this machine routes to, without the default route; empty where they cannot be read."""
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return ()
    found = []
    for fields in (line.split() for line in lines):
        destination, mask = (int.from_bytes(bytes.fromhex(fields[i]), "little") for i in (1, 7))
        if mask:
            found.append(IPv4Network((destination, mask.bit_count())))
    return tuple(found)
