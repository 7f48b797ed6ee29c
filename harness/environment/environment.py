"""A running instance of a stack: its own network, its own replicas, its own door. One per test."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from harness.engine import ContainerEvent, Engine, Owner
from harness.environment.build import ensure_images
from harness.environment.door import Door
from harness.environment.evidence import save_evidence
from harness.environment.replica import Replica
from harness.environment.specs import Plumbing, container_spec, make_volumes
from harness.environment.startup import Startup
from harness.errors import EngineError, HarnessError, UsageError
from harness.history import History
from harness.stack import Stack

ACTIONS = ("die", "oom", "restart", "kill", "pause", "unpause")  # of the engine's events, what a history keeps


def new_environment_id() -> str:
    """A short name, unique on the engine; every object's name begins with it."""
    return f"h{secrets.token_hex(4)}"


class Environment:
    """Brings a stack up on a release, and takes it down again without leaving anything.

    As a context manager it is up within the block; after a block that raised, evidence is saved first.

    Args:
        engine: where the containers run.
        stack: what to bring up.
        release: the release to bring it up on.
        history: where steps and container events are recorded.
        run, worker, test: whose it is; the labels of everything that it makes.
        evidence: a directory for logs and state when something fails; None saves nothing.
        images: called with (image, line) while images are built.
    """

    def __init__(
        self,
        engine: Engine,
        stack: Stack,
        release: str,
        history: History,
        *,
        run: str,
        worker: str = "main",
        test: str = "",
        evidence: Path | None = None,
        images: Callable[[str, str], None] | None = None,
    ) -> None:
        self.engine, self.history = engine, history
        self.stack, self.release = stack.at(release), release
        self.id = new_environment_id()
        self.owner = Owner(run=run, environment=self.id, worker=worker, test=test)
        self.evidence = evidence
        self.keep = False
        self._images = images
        self._replicas: dict[str, Replica] = {}
        self._door: Door | None = None
        self._plumbing: Plumbing | None = None
        self._leaving = threading.Event()
        self._events: object | None = None

    # -- what is in it ---------------------------------------------------------------------------------------------

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """Every replica, services in the order of the file."""
        return tuple(self._replicas.values())

    def __getitem__(self, service: str) -> tuple[Replica, ...]:
        """The replicas of a service, by number."""
        found = tuple(replica for replica in self.replicas if replica.service == service)
        if not found:
            raise UsageError(
                "No such service in the environment",
                where=f"stack {self.stack.name}",
                got=service,
                expected=", ".join(self.stack.services),
            )
        return found

    def replica(self, name: str) -> Replica:
        """One replica by its name, e.g. `backend-2`."""
        if name not in self._replicas:
            raise UsageError(
                "No such replica in the environment",
                where=f"stack {self.stack.name}",
                got=name,
                expected=", ".join(self._replicas),
            )
        return self._replicas[name]

    def address(self, target: str | None = None) -> tuple[str, int]:
        """Where the machine that runs the harness reaches a `service:port` of the environment: host and port.

        Args:
            target: an entry point of the stack; the declared one if None.
        """
        if self._door is None:
            raise UsageError("The environment has no entry point", hint="declare x-harness.entrypoint, e.g. lb:80")
        return self._door.address(target or str(self.stack.harness.entrypoint))

    # -- up and down -----------------------------------------------------------------------------------------------

    def up(self) -> Environment:
        """Bring everything up and return when every replica is ready.

        Raises:
            NotReady: a replica did not become ready; the message has its last answer and the tail of its log.
            ImageError, NetworkError, NoSpace, PortTaken, EngineGone: the engine could not do it.
        """
        with self.history.step("up", f"bring {self.stack.name} up on {self.release}") as step:
            images = ensure_images(self.engine, self.stack, self._images)
            began = self.history.clock.monotonic()
            self.engine.leases.take(self.owner)
            self._events = self.engine.follow(self.id, self._on_event)
            self._plumbing = Plumbing.lay(self.engine, self.owner, make_volumes(self.stack))
            self._start(images)
            seconds = round(self.history.clock.monotonic() - began, 3)
            self.history.record(
                "environment.up", environment=self.id, release=self.release, seconds=seconds, step=step.id
            )
        return self

    def _start(self, images: Mapping[str, str]) -> None:
        assert self._plumbing is not None
        plumbing = self._plumbing
        names = [(service, name) for service in self.stack.services.values() for name in service.replica_names()]
        with ThreadPoolExecutor(len(names) + 1, thread_name_prefix=f"up-{self.id}") as pool:
            door = pool.submit(Door.open, self.engine, self.owner, plumbing, self.stack, images)
            created = {
                name: pool.submit(
                    self.engine.containers.create,
                    container_spec(self.owner, self.stack, service, name, images[service.name], plumbing),
                )
                for service, name in names
            }
            try:
                for service, name in names:
                    self._replicas[name] = Replica(self.engine, created[name].result(), service, name)
                startup = Startup(self.stack, self.replicas, self.history.clock)
                startup.run(pool)
            finally:
                self._door = door.result()
        if self._door is not None:
            self._door.wait(self.history.clock)

    def down(self) -> None:
        """Remove everything that belongs to the environment. Safe to call at any time and twice."""
        self._leaving.set()
        began = self.history.clock.monotonic()
        for replica in self.replicas:
            replica.close()
        try:
            with self.history.step("down", f"take {self.stack.name} down"):
                self.engine.remove_environment(self.id)
                seconds = round(self.history.clock.monotonic() - began, 3)
                self.history.record(
                    "environment.down", environment=self.id, release=self.release, seconds=seconds
                )
        finally:
            self._close_events()

    def leave_up(self) -> None:
        """Keep it, under a lease that does not expire, for a person to look into; `harness down` ends it."""
        self._leaving.set()
        self.engine.leases.keep(self.owner)
        for replica in self.replicas:
            replica.close()
        self._close_events()

    def save_evidence(self) -> Path | None:
        """Save the log and the state of every replica; returns the directory. Never raises: evidence must not hide
        the failure that it is evidence of.
        """
        if self.evidence is None:
            return None
        return save_evidence(self.evidence / self.id, self.replicas, self.history)

    def __enter__(self) -> Environment:
        try:
            return self.up()
        except BaseException:
            self.save_evidence()
            self._finish(failed=True)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self.save_evidence()
        self._finish(failed=error is not None)

    def _finish(self, *, failed: bool) -> None:
        if self.keep:
            self.leave_up()
            return
        try:
            self.down()
        except EngineError:
            if not failed:
                raise
            # The engine is gone or refuses, which is what failed in the first place; the sweep does the rest.

    # -- events ----------------------------------------------------------------------------------------------------

    def _on_event(self, event: ContainerEvent) -> None:
        if self._leaving.is_set() or event.action not in ACTIONS:
            return
        name = event.container.removeprefix(f"{self.id}-")
        self.history.record("container", replica=name, action=event.action, exit_code=event.exit_code)
        replica = self._replicas.get(name)
        if replica is not None and event.action in ("die", "oom"):
            replica.changed.set()

    def _close_events(self) -> None: ...
