"""An environment that needs no engine: replicas are replaced at once, or fail as a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from harness.clock import ManualClock
from harness.environment import Environment
from harness.environment.prepared import Prepared, ReplicaSpec
from harness.errors import EngineError, NotReady, Stopped, UsageError
from harness.history import History
from harness.stack import Service, Stack, load
from suites.raw import select

FILE = """
services:
  lb: {{image: "lb:1", depends_on: [web]}}
  web:
    image: "web:1"
    stop_grace_period: 3s
    deploy: {{replicas: {replicas}, update_config: {{{update}}}, rollback_config: {{{rollback}}}}}
  other: {{image: "other:1"}}
x-harness: {{releases: {{"1": {{}}, "2": two.yaml}}, {more}}}
"""
TWO = 'services: {web: {image: "web:2"}}'


def stack(
    directory: Path, *, replicas: int = 4, update: str = "", rollback: str = "", more: str = "", two: str = TWO
) -> Stack:
    """A stack of three services, of which release 2 has another image of `web`."""
    text = FILE.format(replicas=replicas, update=update, rollback=rollback, more=more)
    directory.joinpath("compose.yaml").write_text(text)
    directory.joinpath("two.yaml").write_text(two)
    return load(directory / "compose.yaml", environ={})


class FakeReplica:
    def __init__(self, name: str, declared: Service, release: str) -> None:
        self.name, self.service, self.declared, self.release = name, declared.name, declared, release
        self.health = declared.healthcheck
        self.how: str | None = None
        self.answers: list[int] = [0]

    def ended(self) -> str | None:
        return self.how

    def run(self, _command: str, _timeout: float) -> Any:
        code = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return SimpleNamespace(exit_code=code, stdout="", stderr="")


class FakePrepared(Prepared):
    """Knows its images without an engine: each has its reference for a digest."""

    def next(self, service: str, release: str) -> ReplicaSpec:
        declared = self.stack(release).service(service)
        return ReplicaSpec(declared, cast(Any, SimpleNamespace(id=declared.image)), release)


class FakeEnvironment:
    """Records what becomes of its replicas.

    Attributes:
        done: each step: `end web-1`, `web-1 -> 2`.
        tidied: replicas at which leftovers were looked for.
        fails: by replica and release, what a replacement raises.
        during: called with a replica's name while it is replaced.
    """

    id = "h1"

    def __init__(self, made: Stack, clock: ManualClock | None = None) -> None:
        self.stack, self.release = made.at("1"), "1"
        self.prepared = FakePrepared(made, "1", ["2"])
        self.history = History(clock=clock or ManualClock())
        self.links = ()
        self.replicas = tuple(
            FakeReplica(name, service, "1") for service in made.services.values() for name in service.replica_names()
        )
        self.done: list[str] = []
        self.tidied: list[str] = []
        self.times: dict[str, float] = {}
        self.orders: set[str] = set()
        self.fails: dict[tuple[str, str], Exception] = {}
        self.during: Callable[[str], object] = str
        self.most = self._now = 0
        self._lock = threading.Lock()

    def __getitem__(self, service: str) -> tuple[FakeReplica, ...]:
        return tuple(one for one in self.replicas if one.service == service)

    def replica(self, name: str) -> FakeReplica:
        for one in self.replicas:
            if one.name == name:
                return one
        raise UsageError("No such replica", got=name)

    def end(self, replica: str) -> None:
        with self._lock:
            self.done.append(f"end {replica}")
        self.replica(replica).how = "exited with code 0"

    def remove_leftover(self, replica: str) -> None:
        """Nothing is left beside a replica here; who looks is noted."""
        self.tidied.append(replica)

    def replace(
        self, replica: str, release: str, *, order: str, stopped: Callable[[], bool], before_end: Callable[[], None]
    ) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            self.during(replica)
            if stopped():
                raise Stopped("The replacement was stopped")
            before_end()
            one, error = self.replica(replica), self.fails.get((replica, release))
            with self._lock:
                self.done.append(f"{replica} -> {release}")
                self.times[replica] = self.history.clock.monotonic()
                self.orders.add(order)
            one.release, one.how = release, None
            if error is not None:
                one.how = "exited with code 1"
                raise error
        finally:
            with self._lock:
                self._now -= 1

    @property
    def environment(self) -> Environment:
        return cast(Environment, cast(Any, self))

    def runs(self) -> Mapping[str, str]:
        """What each replica of `web` was made for."""
        return {one.name: one.release for one in self["web"]}

    def lines(self) -> list[str]:
        """What the deployer said."""
        return [event.data["text"] for event in select(self.history.events, "deployer.line")]


__all__ = ["EngineError", "FakeEnvironment", "NotReady", "stack"]
