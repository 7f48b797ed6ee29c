"""A server that the stack declares, sampled once a second over a client that is kept open."""

from __future__ import annotations

from harness.history import Event, History
from harness.kept import Startable
from harness.servers import ServerAdapter


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
        self._known = {"environment": environment, "replica": replica.name}
        if name not in ("", server.service):
            self._known["server"] = name

    def begin(self, tick: int) -> None:
        """Send the question."""
        self._sampling.ask(tick)

    def finish(self, until: float) -> Event:
        """Take the answer and record it."""
        sample = self._sampling.answer(until)
        fields = {**dict.fromkeys(self._server.fields), **sample.fields}
        return self._history.record(self._server.event, **self._known, **fields, error=sample.error)

    def close(self) -> None:
        """End what was kept running."""
        self._sampling.close()
