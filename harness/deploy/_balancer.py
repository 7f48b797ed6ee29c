"""Takes replicas out of the HAProxy that the stack declares (`x-harness: servers`), and puts them back.

A server there is a replica's when it has the replica's name, or the address at which the balancer finds it. Draining
sends it no new requests; it is waited for until those that it has are done, for as long as the replica's grace period.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from harness.errors import DeployerError, HostError, NotReady
from harness.servers.haproxy import HAProxy, rows
from harness.waiting import poll

if TYPE_CHECKING:
    from harness.environment import Environment, Replica

POLL_EVERY = 0.1  # s
ADMITTED_WITHIN = 10.0  # s until a server counts as up again, by the balancer's own checks
AWAY = ("DRAIN", "MAINT")
Say = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class BalancerServer:
    """A server of the balancer."""

    backend: str
    name: str
    status: str
    sessions: int

    @property
    def path(self) -> str:
        """As HAProxy's commands name it."""
        return f"{self.backend}/{self.name}"


@dataclass
class Balancer:
    """The declared HAProxy. Without one, or without its runtime API, nothing is drained.

    Args:
        place: the replica in which it runs; None where none is declared.
        haproxy: what is declared of it.
        environment: for the clock and the links.
        say: takes a line for the history, and `out` or `err`.
    """

    environment: Environment
    say: Say
    place: Replica | None = None
    haproxy: HAProxy | None = None

    @classmethod
    def of(cls, environment: Environment, say: Say) -> Self:
        """The balancer of an environment."""
        for declared in environment.stack.harness.servers.values():
            if isinstance(declared, HAProxy) and declared.watch and declared.has_runtime:
                return cls(environment, say, environment[declared.service][0], declared)
        return cls(environment, say)

    def drain(self, replica: Replica, halt: Callable[[], bool]) -> None:
        """Take a replica out, and wait until it has nothing to do any more, or until its grace period is over.

        Raises:
            DeployerError: HAProxy refuses. HostError: it cannot be asked.
        """
        servers = self._servers(replica)
        if not servers:
            return
        for server in servers:
            self._tell(f"set server {server.path} state drain")
        grace = replica.declared.stop_grace_period
        if self._wait(replica, halt, grace, lambda one: one.sessions == 0):
            self.say(f"{replica.name} is drained", "out")
        else:
            self.say(f"{replica.name} still had requests after {grace:g} s, and is stopped anyway", "err")

    def admit(self, replica: Replica, halt: Callable[[], bool]) -> None:
        """Put a replica back where it was taken out, and wait until HAProxy sends requests to it.

        Raises:
            NotReady: HAProxy's own checks do not find it well. DeployerError, HostError: as for `drain`.
        """
        away = [server for server in self._servers(replica) if server.status.startswith(AWAY)]
        for server in away:
            self._tell(f"set server {server.path} state ready")
        if away and not self._wait(replica, halt, ADMITTED_WITHIN, _serves) and not halt():
            seen = ", ".join(f"{server.path} is {server.status}" for server in self._servers(replica))
            raise NotReady(
                f"HAProxy did not put {replica.name} back into rotation",
                where=self.place.name if self.place else None,
                got=seen,
                expected=f"UP within {ADMITTED_WITHIN:g} s",
                hint="look at the check that haproxy.cfg has for this server",
            )

    def _wait(
        self, replica: Replica, halt: Callable[[], bool], within: float, until: Callable[[BalancerServer], bool]
    ) -> bool:
        well, _ = poll(
            lambda: (all(until(server) for server in self._servers(replica)), halt()),
            any,
            within=within,
            every=POLL_EVERY,
            clock=self.environment.history.clock,
        )
        return well

    def _servers(self, replica: Replica) -> list[BalancerServer]:
        """The servers that are this replica."""
        if self.place is None or self.place.service == replica.service:
            return []
        links = [link for link in self.environment.links if link.consumer == self.place.name]
        own = {link.listen for link in links if replica.name in (link.target, *link.names)}
        return [
            server for server, address in read(self._ask("show stat")) if server.name == replica.name or address in own
        ]

    def _tell(self, command: str) -> None:
        said = self._ask(command).strip()
        if said:
            raise DeployerError(
                "HAProxy refuses to drain",
                where=f"{self._where}: {command}",
                got=said,
                expected="no answer, which means that it is done",
                hint="its socket needs `level admin`",
            )

    def _ask(self, command: str) -> str:
        assert self.place is not None
        assert self.haproxy is not None
        answer = self.place.run(self.haproxy.command(command))
        if answer.exit_code != 0:
            raise HostError(
                "HAProxy cannot be asked",
                where=self._where,
                got=answer.stdout.strip() or f"exit code {answer.exit_code}",
                expected="its runtime API (`stats socket ... level admin`), and a tool that can open a socket",
            )
        return answer.stdout

    @property
    def _where(self) -> str:
        return f"{self.place.name if self.place else ''}, {self.haproxy.address if self.haproxy else ''}"


def _serves(server: BalancerServer) -> bool:
    return server.status.startswith(("UP", "no check"))


def read(text: str) -> Iterator[tuple[BalancerServer, str]]:
    """Every server of `show stat`, and its address; empty where HAProxy does not tell it."""
    for row in rows(text):
        yield (
            BalancerServer(row["pxname"], row["svname"], row["status"], int(row.get("scur") or "0")),
            row.get("addr") or "",
        )
