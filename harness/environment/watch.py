"""What is told of an environment while it is up: by the engine, that containers end or that it is gone itself; by the
witness, how long the machine stood still.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.engine import Container, ContainerEvent, Engine, Events
from harness.environment.replica import Replica
from harness.environment.witness import Witness
from harness.errors import DoorGone, EngineError, EngineGone, HarnessError
from harness.events import ContainerChange, Note
from harness.history import History

ACTIONS = ("die", "oom", "restart", "kill", "stop", "pause", "unpause")  # of the engine's events, what a history keeps
RUNS = ("start", "unpause")  # after these a replica can be asked again
REPLACED = ("die", "kill", "stop")  # those of a container that is replaced
RESOURCES = ("door", "proxy")  # what must not end while an environment lives


class Watch:
    """Follows the engine's events from its making until `close`.

    Args:
        environment: its name.
        history: where what happens to replicas is recorded.
        replicas: by name; more may come.
    """

    def __init__(self, engine: Engine, environment: str, history: History, replicas: Mapping[str, Replica]) -> None:
        self._engine, self._environment, self._history, self._replicas = engine, environment, history, replicas
        self._leaving = False
        self._lost: HarnessError | None = None
        self.witness: Witness | None = None
        self._replaced = set[str]()  # ids of containers that a deployer ends
        self._events = Events(engine.api, environment, self._on_event, gone=self._on_gone)

    def check(self) -> None:
        """Make sure that the engine and the door are there, without which nothing that is seen means anything.

        Raises:
            EngineGone, DoorGone: one is not.
        """
        if self._lost is not None:
            raise self._lost

    def begin_witness(self, container: Container) -> None:
        """Start the witness in this container."""
        self.witness = Witness(self._engine, container, self._history, self._environment)
        self.witness.start()

    def expect_end(self, container: Container) -> None:
        """A deployer is about to end this container, to put another one in its place."""
        self._replaced.add(container.id)

    def leave(self) -> None:
        """Containers that end from now on are being taken down."""
        self._leaving = True
        if self.witness is not None:
            self.witness.close()

    def close(self) -> None:
        """Stop following."""
        self.leave()
        self._events.close()

    def _on_event(self, event: ContainerEvent) -> None:
        if self._leaving:
            return
        replica = self._replicas.get(event.replica)
        if replica is not None and event.action in RUNS:
            replica.runs += 1
        if event.action not in ACTIONS:
            return
        # What the OOM killer ends while it is being replaced has run out of memory nevertheless.
        meant = event.id in self._replaced and event.action in REPLACED
        self._history.record(ContainerChange(event.replica, event.action, event.exit_code, meant))
        if event.action != "die" or meant:
            return
        if replica is not None:
            replica.changed.set()
        elif event.replica in RESOURCES:
            self._lose(
                DoorGone(
                    "The environment's door has ended, and with it every link",
                    where=f"{self._environment}-{event.replica}",
                    got=f"exit code {event.exit_code}",
                    expected="a proxy that runs for as long as the environment is up",
                    hint="`docker logs` of the container, kept with --keep=failed, says more; is there memory left?",
                )
            )

    def _on_gone(self, error: EngineError) -> None:
        self._history.record(Note(error.what))
        try:
            self._engine.ping()
        except EngineError:
            self._lose(
                EngineGone(
                    "The container engine does not answer any more",
                    where=self._engine.describe(),
                    got=error.what,
                    expected="an engine that stays for as long as an environment is up",
                    hint="start it again; `harness sweep` then removes what is left of this run",
                )
            )
        self._wake()  # whoever waits asks again, and is told by the engine's own error

    def _lose(self, error: HarnessError) -> None:
        self._lost = self._lost or error
        self._wake()

    def _wake(self) -> None:
        for replica in list(self._replicas.values()):
            replica.changed.set()
