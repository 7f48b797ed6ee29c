"""Every answer that the gate's process reads: of shells, of kept programs, of the deployer, of logs, of the engine and
of the proxy.
"""

from __future__ import annotations

import dataclasses
import http.client
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import requests

from harness.deploy.inside import ReplicaProcess
from harness.engine.hijack import ExecStream as Stream
from harness.environment import door
from harness.environment.open_shell import OpenShell
from harness.environment.witness import Witness
from harness.kept import KeptProgram
from harness.probes.logs.follower import LogFollower
from harness.selftest.seams.trigger import Trigger

FAILURES = ("drop", "kill")  # of a request: there is no answer at all


def install(trigger: Trigger) -> None:
    """Spoil the target where it is one of these."""
    installed: dict[str, Callable[[Trigger], None]] = {
        "shell-answers": lambda t: _after_init(OpenShell, lambda shell: _read_through(shell.process, t, "shell")),
        "deployer-output": lambda t: _after_init(
            ReplicaProcess, lambda one: _read_through(one._process, t, "deployer")
        ),
        "sampler-answers": _kept,
        "witness-answers": _witness,
        "wire": _wire,
        "log-answers": _logs,
        "engine-answers": lambda t: _http(t, "docker"),
        "proxy-answers": _proxy,
    }
    if trigger.spec.target in installed:
        installed[trigger.spec.target](trigger)


def _after_init(kind: Any, then: Callable[[Any], None]) -> None:
    original = kind.__init__

    def init(self: Any, *args: Any, **more: Any) -> None:
        original(self, *args, **more)
        then(self)

    kind.__init__ = init


def _read_through(process: Any, trigger: Trigger, what: str) -> None:
    """Spoil the pieces of output that a process in a replica is read by."""
    original = process.read

    def read(timeout: float) -> tuple[int, bytes] | None:
        while (frame := original(timeout)) is not None:
            data = trigger.spoil(frame[1], f"{what} {process.name}")
            if data:
                return frame[0], data
        return None

    process.read = read


def _kept(trigger: Trigger) -> None:
    """The programs that the sampler keeps running."""
    original = KeptProgram.__init__

    def init(self: KeptProgram, start: Callable[[], Any], *args: Any, **more: Any) -> None:
        def spoilt() -> Any:
            program = start()
            _read_through(program, trigger, "sampler")
            return program

        original(self, spoilt, *args, **more)

    KeptProgram.__init__ = init  # type: ignore[method-assign]


def _witness(trigger: Trigger) -> None:
    """What the witness in the door reports."""
    original = Witness._read

    def read(self: Witness, process: Any) -> None:
        _read_through(process, trigger, "witness")
        original(self, process)

    Witness._read = read  # type: ignore[method-assign]


def _wire(trigger: Trigger) -> None:
    """The bytes of every stream that the engine hands over, with the frames that carry them."""
    original = Stream.read

    def read(self: Stream, timeout: float) -> bytes:
        data = original(self, timeout)
        spoilt = trigger.spoil(data, "stream")
        if data and not spoilt:
            raise TimeoutError  # nothing came; no bytes at all would be the end
        return spoilt

    Stream.read = read  # type: ignore[method-assign]


class _SpoiltReplica:
    """A replica whose answers in bytes are spoilt, for who follows its logs."""

    def __init__(self, replica: Any, trigger: Trigger) -> None:
        self._replica, self._trigger = replica, trigger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._replica, name)

    def ask(self, *args: Any, **more: Any) -> Any:
        answer = self._replica.ask(*args, **more)
        return dataclasses.replace(answer, stdout=self._trigger.spoil(answer.stdout, f"log of {self._replica.name}"))

    def run(self, *args: Any, **more: Any) -> Any:
        answer = self._replica.run(*args, **more)
        data = self._trigger.spoil(answer.stdout.encode(), f"log of {self._replica.name}")
        return dataclasses.replace(answer, stdout=data.decode(errors="replace"))


def _logs(trigger: Trigger) -> None:
    original = LogFollower.__init__

    def init(self: LogFollower, replica: Any, *args: Any, **more: Any) -> None:
        original(self, _SpoiltReplica(replica, trigger), *args, **more)

    LogFollower.__init__ = init  # type: ignore[method-assign]


def _proxy(trigger: Trigger) -> None:
    """The proxy's, which the client asks by a session, and the door by a connection while it comes up."""

    class SeamConnection(http.client.HTTPConnection):
        def getresponse(self) -> Any:
            if trigger.spec.action in FAILURES and trigger.take("the door"):
                raise http.client.RemoteDisconnected("the connection was closed")
            answer = super().getresponse()
            read = answer.read
            if trigger.spec.action not in FAILURES:
                answer.read = lambda *args: trigger.spoil(read(*args), "the door")  # type: ignore[method-assign]
            return answer

    seen = SimpleNamespace(HTTPConnection=SeamConnection, HTTPException=http.client.HTTPException)
    setattr(door, "http", SimpleNamespace(client=seen))  # noqa: B010 - it is the door's own name
    _http(trigger, "requests")


def _http(trigger: Trigger, package: str) -> None:
    """The whole answers to HTTP requests that this package's session sends: the SDK's are the engine's, the others the
    proxy's. Streams are targets of their own.
    """
    original = requests.Session.send

    def send(self: requests.Session, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        ours = type(self).__module__.partition(".")[0] == package and not more.get("stream")
        what = f"{request.method} {request.path_url[:120]}"
        if ours and trigger.spec.action in FAILURES and trigger.take(what):
            raise requests.ConnectionError("the connection was closed")
        answer = original(self, request, **more)
        if ours and trigger.spec.action not in FAILURES and answer.content:
            answer._content = trigger.spoil(answer.content, what)
        return answer

    requests.Session.send = send  # type: ignore[method-assign]
