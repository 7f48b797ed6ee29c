"""What faults of names share: /etc/hosts of a replica, in which links have their addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from harness.faults import _selectors
from harness.faults._acts import ReplicaFault
from harness.faults._base import FaultContext
from harness.faults._links import reconnect
from harness.faults._scripts import ScriptAct
from harness.faults._selectors import Selector

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica


class NamesFault(ReplicaFault):
    """A fault of what names mean to some replicas.

    Attributes:
        on: who asks.
        names: the services and replicas that are asked for, `to` in a plan.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "names")

    names: Selector = Field(alias="to", min_length=1)

    def title(self) -> str:
        """What it is and where."""
        return f"{self.what()} of {_selectors.shown(self.names)} on {_selectors.shown(self.on)}"

    def wanted(self, context: FaultContext) -> tuple[str, ...]:
        """Every name that is meant: of a service, also those of its replicas."""
        found: list[str] = []
        for name in _selectors.targets(context.environment, self.names, context.chance):
            found.append(name)
            if name in context.environment.stack.services:
                found += [replica.name for replica in context.environment[name]]
        return tuple(dict.fromkeys(found))


class HostsAct(ScriptAct):
    """What is done to one replica's files of names."""

    def __init__(self, environment: Environment, replica: Replica, names: tuple[str, ...]) -> None:
        super().__init__(environment, replica)
        self.names, self.hosts = names, self.replica.run("cat /etc/hosts").stdout
        self._before: dict[str, int] = {}

    @property
    def put_back(self) -> str:
        """Puts both files back as they were; the engine has them mounted, so they are written and not replaced."""
        own = self.own
        return f"""if [ -d {own} ]; then
cat {own}/hosts > /etc/hosts && cat {own}/resolv.conf > /etc/resolv.conf && rm -rf {own}
fi"""

    @property
    def keep(self) -> str:
        """Keeps both files."""
        return f"mkdir -m 700 {self.own} && cp /etc/hosts /etc/resolv.conf {self.own}/"

    def without(self) -> str:
        """/etc/hosts without the names."""
        lines = []
        for line in self.hosts.splitlines():
            words = line.split("#")[0].split()
            kept = [word for word in words[1:] if word not in self.names]
            if not words or kept == words[1:]:
                lines.append(line)
            elif kept:
                lines.append(f"{words[0]}\t{' '.join(kept)}")
        return "\n".join(lines) + "\n"

    def start(self) -> None:
        """Count from here on; connections to the names end, so that they are asked for again."""
        self.begin()
        self._before = self.kernel()
        links = [one for one in self.environment.links if one.consumer == self.place]
        reconnect(self.environment, [one for one in links if any(map(one.leads_to, self.names))])

    def moved(self, name: str) -> int:
        """By how much a counter of the kernel grew."""
        return self.kernel().get(name, 0) - self._before.get(name, 0)

    def kernel(self) -> dict[str, int]:
        """The replica's counters of /proc/net/snmp: `Udp.NoPorts` and others."""
        lines = self.ask("cat /proc/net/snmp").splitlines()
        found: dict[str, int] = {}
        for heads, values in zip(lines[::2], lines[1::2], strict=False):
            kind = heads.partition(":")[0]
            pairs = zip(heads.split()[1:], values.split()[1:], strict=False)
            found |= {f"{kind}.{name}": int(value) for name, value in pairs if re.fullmatch(r"-?\d+", value)}
        return found

    def left(self) -> str | None:
        return None if self.replica.run("cat /etc/hosts").stdout == self.hosts else "/etc/hosts is not as it was"
