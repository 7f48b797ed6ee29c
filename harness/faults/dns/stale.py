"""Names that mean an address where nobody is any more."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, ClassVar

from harness.faults._acts import Act, Seen, apply, unavailable
from harness.faults._base import Active, FaultContext
from harness.faults._undo import Undo
from harness.faults.dns._hosts import HostsAct, NamesFault

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica


class Stale(NamesFault):
    """Names of services and replicas mean an address of the environment's network where nobody is, as that of a
    container which was replaced. Connections to them are ended once, so that the names are asked for.
    """

    simulates: ClassVar[str] = "an address that was cached, of a container or machine that is gone"
    how: ClassVar[str] = "/etc/hosts gives the names an address of the network that nobody has"
    needs: ClassVar[str] = "a replica whose /etc/hosts root can write"
    outage: ClassVar[str] = (
        "Yeller, August 2014: a partition healed and messages still were hours late; cached routes were suspected "
        "(yellerapp.com/posts/2014-08-04-postmortem1.html)"
    )

    def what(self) -> str:
        """In words."""
        return "stale address"

    def inject(self, context: FaultContext) -> Active:
        """Do it on every replica that is meant."""
        names = self.wanted(context)
        acts = [_Elsewhere(context.environment, one, names) for one in self.replicas(context)]
        return apply(context.environment.engine, acts)

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one, for all names."""
        return _Elsewhere(environment, replica, ())


class _Elsewhere(HostsAct):
    def __init__(self, environment: Environment, replica: Replica, names: tuple[str, ...]) -> None:
        super().__init__(environment, replica, names)
        self._address = unused(environment, replica)
        self._hosts = self.without() + "".join(f"{self._address}\t{name}\n" for name in names)

    def undoing(self) -> Sequence[Undo]:
        return [self.undo(self.put_back)]

    def do(self) -> None:
        self.do_it(f"set -e\n{self.keep}\nprintf %s {shlex.quote(self._hosts)} > /etc/hosts")
        self.start()

    def seen(self) -> Seen:
        effect = self.replica.run("cat /etc/hosts").stdout == self._hosts
        number = int(IPv4Address(self._address))
        little = "".join(f"{byte:02X}" for byte in reversed(number.to_bytes(4, "big")))
        trying = self.count(f"awk '$3 ~ /^{little}:/' /proc/net/tcp | wc -l")
        tried = max(trying, self.moved("Tcp.AttemptFails"))
        came = f"{tried} attempts to connect came to nothing"
        said = came if effect else "/etc/hosts was written by somebody else"
        return Seen(effect, tried > 0, said, {"attempts": tried})


def unused(environment: Environment, replica: Replica) -> str:
    """An address of the environment's network that nobody has.

    Raises:
        FaultUnavailable: all are taken.
    """
    networks = replica.current_container.inspect()["NetworkSettings"]["Networks"].values()
    taken = {*environment.addresses.values(), *(link.listen.rpartition(":")[0] for link in environment.links)}
    for one in networks:
        if not one.get("IPAddress"):
            continue
        network = IPv4Network(f"{one['IPAddress']}/{one['IPPrefixLen']}", strict=False)
        for address in reversed(list(network.hosts())):
            if str(address) not in taken and str(address) != one.get("Gateway"):
                return str(address)
    raise unavailable("dns.stale", replica.name, "every address of its network is taken", "one that is free")
