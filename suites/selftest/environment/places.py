"""An environment as its isolation is tested: where its parts are, and what its replicas and its door can reach."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.engine import Container, Engine
from harness.environment import Environment
from harness.environment.found import pick
from harness.environment.found import replica as container_of
from harness.environment.wiring import API_PORT, ENTRY_PORT

INSIDE = Path(__file__).parent / "inside"
TRIES, FRAMES = ((INSIDE / name).read_text(encoding="utf-8") for name in ("tries.py", "frames.py"))

# Asks for routes; to connect a socket for datagrams sends nothing.
ROUTED_6 = """
import socket, sys
for one in sys.argv[1:]:
    try:
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).connect((one, 9, 0, socket.if_nametoindex("eth0")))
        print(one)
    except OSError:
        pass
"""


@dataclass
class Place:
    """An environment, and where its parts are."""

    environment: Environment
    engine: Engine
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(100)))

    def container(self, name: str) -> Container:
        """One of its containers by its replica's name, `door` and `proxy` among them."""
        return container_of(pick(self.engine, self.environment.id), name)

    @property
    def door(self) -> Container:
        return self.container("door")

    def inside(self, container: Container, command: str) -> str:
        """What a shell's command prints in a container that is no replica."""
        made = self.engine.api.exec_create(container.id, ["sh", "-c", command])
        return str(self.engine.api.exec_start(made["Id"]).decode())

    def control(self, program: str, *words: str) -> str:
        """What a program of Python's prints in `control-1`."""
        answer = self.environment.replica("control-1").run(
            f"python3 -c {shlex.quote(program)} {shlex.join(words)}", 60.0
        )
        assert answer.exit_code == 0, answer.stderr
        return answer.stdout.strip()

    @property
    def inner(self) -> str:
        """The door's first address where the replicas are."""
        return self.door.addresses()[self.environment.id]

    @property
    def outer(self) -> str:
        """The door's address towards this machine."""
        return self.door.addresses()[f"{self.environment.id}-door"]

    def gateway(self, network: str = "") -> str:
        """This machine's address in a network: the outer one, unless it is named."""
        (found,) = self.engine.api.networks(names=[f"^{network or self.environment.id + '-door'}$"])
        return str(found["IPAM"]["Config"][0]["Gateway"])

    def replicas(self) -> list[str]:
        return [f"{self.environment.addresses[name]}:8080" for name in ("web-1", "web-2")]

    def doors(self) -> list[str]:
        """Everywhere that the proxy's API or its entry point could be found at."""
        listening = {link.listen.rpartition(":")[0] for link in self.environment.links}
        addresses = sorted({*listening, self.inner, self.outer})
        return [f"{address}:{port}" for address in addresses for port in (API_PORT, ENTRY_PORT)]

    def tries(self, *places: str, by: tuple[str, str] | None = None) -> dict[str, str]:
        """What `control-1` gets at each of some places, with a route of its own if one is given."""
        return dict(json.loads(self.control(TRIES, *(("--by", *by) if by else ()), *places)))

    def through(self, upstream: str) -> str:
        """What `control-1` gets through a proxy that is made for it by hand, which leads to an upstream."""
        name = f"pivot-{next(self.numbers)}"
        made = self.environment.proxy.create(name, f"{self.inner}:{29900 + int(name[6:])}", upstream)
        try:
            return self.tries(made.listen)[made.listen]
        finally:
            self.environment.proxy.delete(name)

    def door_has_routes_to(self, addresses: tuple[str, ...]) -> set[str]:
        """Those that the door has a route to. Sends nothing."""
        ask = "; ".join(f"ip route get {one} >/dev/null 2>&1 && echo {one}" for one in addresses)
        return set(self.inside(self.door, ask).split())

    def door_takes_in(self, addresses: tuple[str, ...]) -> set[str]:
        """Those that the door would take a replica's packet in for, by the way by which replicas reach it."""
        device = self.inside(self.door, f"ip -o -4 address show to {self.inner}").split()[1]
        sender = self.environment.addresses["control-1"]
        ask = "; ".join(
            f"ip route get {one} from {sender} iif {device} >/dev/null 2>&1 && echo {one}" for one in addresses
        )
        return set(self.inside(self.door, ask).split())


@dataclass
class Listener:
    """Answers at every address of this machine."""

    port: int
    callers: list[str] = field(default_factory=list)
