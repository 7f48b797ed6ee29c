"""What faults of servers share: which servers of a stack are meant, and how they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from harness.errors import FaultUnavailable, HostError
from harness.faults import _selectors
from harness.faults._acts import ReplicaFault, unavailable
from harness.faults._base import FaultContext
from harness.faults._selectors import Selector
from harness.servers import ServerAdapter, declared

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

ASK_WITHIN = 20.0  # s


class Server:
    """A server of the environment that can be asked.

    Attributes:
        replica: where it runs.
        adapter: what the stack declares of it.
    """

    def __init__(self, replica: Replica, adapter: ServerAdapter) -> None:
        self.replica, self.adapter = replica, adapter

    def ask(self, *questions: str) -> str:
        """What it answers to these, as one text.

        Raises:
            HostError: it cannot be asked. What it answers, an error too, is returned.
        """
        answer = self.replica.ask(self.adapter.once(*questions), timeout=ASK_WITHIN)
        if answer.exit_code != 0 and not answer.stdout:
            raise HostError(
                f"{self.replica.name} does not answer", where=f"{self.replica.name}, {questions[0][:80]}",
                got=answer.stderr.decode("utf-8", "replace").strip() or f"exit code {answer.exit_code}",
                expected="an answer of its server",
            )  # fmt: skip
        return answer.stdout.decode("utf-8", "replace")


class ServerFault(ReplicaFault):
    """A fault of servers of some kinds.

    Attributes:
        on: which; left out, every server of these kinds that the stack declares and that follows no other.
        kinds: of servers, as in `x-harness: servers: kind`.
    """

    positional: ClassVar[tuple[str, ...]] = ("on",)
    kinds: ClassVar[tuple[str, ...]] = ()

    on: Selector = ()

    def title(self) -> str:
        """What it is and where."""
        return f"{self.what()} of {_selectors.shown(self.on) if self.on else 'every ' + self.kinds[0]}"

    def replicas(self, context: FaultContext) -> list[Replica]:
        """Those that are meant.

        Raises:
            UsageError: no such replica or service. FaultUnavailable: none of them is declared as such a server.
        """
        environment = context.environment
        known = self._declared(environment)
        if not self.on:
            every = [replica for service in known for replica in environment[service]]
            found = [one for one in every if self.leads(environment, one)]
        else:
            names = _selectors.replicas(environment, self.on, context.chance)
            found = [environment.replica(name) for name in names]
        others = [one.name for one in found if one.service not in known]
        if not found or others:
            raise self._undeclared(environment, others)
        return found

    def leads(self, environment: Environment, replica: Replica) -> bool:  # noqa: ARG002 - for those that ask
        """Whether a server is meant where none is named: not one that only follows another."""
        return True

    def server(self, environment: Environment, replica: Replica) -> Server:
        """The server that runs in a replica."""
        return Server(replica, self._declared(environment)[replica.service])

    def _declared(self, environment: Environment) -> dict[str, ServerAdapter]:
        """The adapters of these kinds, by service."""
        servers = declared(environment.stack.harness).values()
        return {one.service: one for one in servers if one.kind in self.kinds}

    def _undeclared(self, environment: Environment, others: list[str]) -> FaultUnavailable:
        kinds = " or ".join(self.kinds)
        return unavailable(
            self.fault_name(), f"stack {environment.stack.name}",
            f"{', '.join(others)}, of which no such server is declared" if others else f"no {kinds} is declared",
            f"a server of kind {kinds} in `x-harness: servers`", "declare it; see docs/servers.md",
        )  # fmt: skip
