"""A server that the stack declares, sampled once a second over a client that is kept open."""

from __future__ import annotations

from collections.abc import Iterator

from harness.events import ProbeServer
from harness.history import Event, History
from harness.kept import Startable
from harness.probes._base import Sampled, first_of
from harness.servers import ServerAdapter, declared


def every_second(environment: Sampled, history: History) -> Iterator[ServerState]:
    """Every server that the stack declares and has watched."""
    for name, server in declared(environment.stack.harness).items():
        if server.watch:
            yield ServerState(history, first_of(environment, server.service), environment.id, server, name)


class ServerState:
    """Samples one server; records its event (`probe.postgres`, `probe.redis`, ...) every time.

    Args:
        name: what the stack calls it; recorded where that is not its service.
    """

    def __init__(
        self, history: History, replica: Startable, environment: str, server: ServerAdapter, name: str = ""
    ) -> None:
        self._history, self._server, self.name = history, server, replica.name
        self._sampling = server.sample(replica)
        self._environment = environment
        self._in_stack = "" if name == server.service else name

    def begin(self, tick: int) -> None:
        """Send the question."""
        self._sampling.ask(tick)

    def finish(self, until: float) -> Event[ProbeServer]:
        """Take the answer and record it."""
        sample = self._sampling.answer(until)
        known = {"replica": self.name, "server": self._in_stack, "error": sample.error}
        body = self._server.event
        fields = {**dict.fromkeys(body.__struct_fields__), **sample.fields, **known}
        return self._history.record(body(**fields), environment=self._environment)

    def close(self) -> None:
        """End what was kept running."""
        self._sampling.close()
