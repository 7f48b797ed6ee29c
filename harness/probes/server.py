"""A server that the stack declares, sampled once a second over a client that is kept open."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

from harness.events import ProbeHaproxy, ProbeServer
from harness.history import Event, History
from harness.kept import Startable
from harness.probes._base import Sampled, first_of
from harness.servers import ServerAdapter, declared
from harness.waiting import poll

# What a verdict rests on at the end of a phase: that no answer came within its second is no answer on that.
NEEDED = (ProbeHaproxy,)
PATIENCE = 3.0  # s for which it is asked again
ANSWERS, AGAIN = 1.0, 0.1  # s: how long one answer may take then, and how much time there is between two questions


def once(environment: Sampled, history: History) -> None:
    """Ask a load balancer again that did not answer when it was sampled last."""
    for name, server in declared(environment.stack.harness).items():
        if not server.watch or server.event not in NEEDED:
            continue
        replica = first_of(environment, server.service)
        looks = [one for one in history.of(server.event) if one.environment == environment.id]
        looks = [one for one in looks if one.body.replica == replica.name]
        if looks and looks[-1].body.error is not None:
            state = ServerState(history, replica, environment.id, server, name)
            try:
                poll(partial(state.answers, ANSWERS), within=PATIENCE, every=AGAIN, clock=history.clock)
            finally:
                state.close()


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

    def answers(self, within: float) -> bool:
        """Ask at once, and wait for the answer for so many seconds. Whether one came."""
        self.begin(0)
        return self.finish(time.monotonic() + within).body.error is None

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
