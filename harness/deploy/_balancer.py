"""Takes replicas out of the HAProxy that the stack declares (`x-harness: probes: haproxy`), and puts them back.

A server there is a replica's when it has the replica's name, or the address at which the balancer finds it. Draining
sends it no new requests; it is waited for until those that it has are done, for as long as the replica's grace period.
"""

from __future__ import annotations

import csv
import shlex
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

from harness.environment import Environment, Replica
from harness.errors import DeployerError, HostError, NotReady

PAUSE = 0.1  # s between two looks
ADMITTED_WITHIN = 10.0  # s until a server counts as up again, by the balancer's own checks
AWAY = ("DRAIN", "MAINT")
# Whatever the image has that can write to a socket and read from it.
_TOOLS = (
    ("socat", "socat -t 5 - {target}"),
    ("bash", "bash -c {tcp}"),
    ("nc", "nc -w 5 {words}"),
    ("python3", "python3 -c {program}"),
)
_PROGRAM = """import socket, sys
s = socket.socket(socket.AF_UNIX) if {path!r} else socket.socket()
s.connect({path!r} or ({host!r}, {port}))
s.sendall(sys.stdin.buffer.read())
while data := s.recv(65536): sys.stdout.buffer.write(data)
"""

Say = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Server:
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
        socket: of its runtime API: a path, or `address:port`.
        environment: for the clock and the links.
        say: takes a line for the history, and `out` or `err`.
    """

    environment: Environment
    say: Say
    place: Replica | None = None
    socket: str = ""

    @classmethod
    def of(cls, environment: Environment, say: Say) -> Self:
        """The balancer of an environment."""
        declared = environment.stack.harness.probes.haproxy
        if declared is None or declared.socket is None:
            return cls(environment, say)
        return cls(environment, say, environment[declared.service][0], declared.socket)

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
            self.say(f"{replica.name} still had requests after {grace:g} s, and is ended all the same", "err")

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
                f"HAProxy did not take {replica.name} in again",
                where=self.place.name if self.place else None,
                got=seen,
                expected=f"UP within {ADMITTED_WITHIN:g} s",
                hint="look at the check that haproxy.cfg has for this server",
            )

    def _wait(self, replica: Replica, halt: Callable[[], bool], within: float, until: Callable[[Server], bool]) -> bool:
        clock, never = self.environment.history.clock, threading.Event()
        end = clock.monotonic() + within
        while not all(until(server) for server in self._servers(replica)):
            if halt() or clock.monotonic() > end:
                return False
            clock.wait(never, PAUSE)
        return True

    def _servers(self, replica: Replica) -> list[Server]:
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
                where=f"{self.place.name if self.place else ''}, {self.socket}: {command}",
                got=said,
                expected="no answer, which means that it is done",
                hint="its socket needs `level admin`",
            )

    def _ask(self, command: str) -> str:
        assert self.place is not None
        answer = self.place.run(script(self.socket, command))
        if answer.exit_code != 0:
            raise HostError(
                "HAProxy cannot be asked",
                where=f"{self.place.name}, {self.socket}",
                got=answer.stderr.strip() or f"exit code {answer.exit_code}",
                expected="its runtime API (`stats socket ... level admin`), and socat, bash, nc or python3 beside it",
            )
        return answer.stdout


def _serves(server: Server) -> bool:
    return server.status.startswith(("UP", "no check"))


def script(socket: str, command: str) -> str:
    """The shell text that sends HAProxy a command and prints the answer."""
    path = socket if socket.startswith("/") else ""
    host, _, port = ("", "", "0") if path else socket.rpartition(":")
    words = {
        "target": shlex.quote(f"UNIX-CONNECT:{path}" if path else f"TCP:{socket}"),
        "tcp": shlex.quote(f"exec 3<>/dev/tcp/{host}/{port} && cat >&3 && cat <&3"),
        "words": f"-U {shlex.quote(path)}" if path else f"{shlex.quote(host)} {port}",
        "program": shlex.quote(_PROGRAM.format(path=path, host=host, port=port)),
    }
    tools = [(tool, line.format(**words)) for tool, line in _TOOLS if not (path and tool == "bash")]
    tries = "\nel".join(f"if command -v {tool} >/dev/null; then {line}" for tool, line in tools)
    none = f"else echo 'the image has none of {', '.join(tool for tool, _ in tools)}' >&2; exit 127; fi"
    return f"printf '%s\\n' {shlex.quote(command)} | {{ {tries}\n{none}; }}"


def read(text: str) -> Iterator[tuple[Server, str]]:
    """Every server of `show stat`, and its address; empty where HAProxy does not tell it."""
    for row in csv.DictReader(text.strip().removeprefix("#").strip().splitlines()):
        backend, name = row.get("pxname") or "", row.get("svname") or ""
        if name and name not in ("FRONTEND", "BACKEND"):
            sessions = row.get("scur") or "0"
            yield Server(backend, name, row.get("status") or "", int(sessions)), row.get("addr") or ""
