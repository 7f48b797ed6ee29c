"""Environments that are up on an engine, found again by their labels: for people who look into them by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.engine import Container, Engine
from harness.engine.labels import ENVIRONMENT, REPLICA, RUN, TEST
from harness.environment.door import TOKEN
from harness.environment.wiring import API_PORT
from harness.errors import UsageError
from harness.proxy.client import ProxyClient


@dataclass(frozen=True, slots=True)
class FoundEnvironment:
    """An environment that has containers on the engine.

    Attributes:
        id: its name.
        run, test: what it was brought up for.
        lease: `kept`, `held` (its run lives) or `dead` (the sweep takes it).
        containers: by replica, in the order of their names; the door among them.
    """

    id: str
    run: str
    test: str
    lease: str
    containers: Mapping[str, Container]


def environments(engine: Engine) -> tuple[FoundEnvironment, ...]:
    """Every environment on the engine, by name."""
    leases: dict[str, str] = {}
    now = engine.leases.now()
    for record in engine.leases.list():
        if record.live(now):
            leases[record.environment] = "kept" if record.kept else "held"
    grouped: dict[str, list[Container]] = {}
    for container in engine.containers.list([ENVIRONMENT]):
        grouped.setdefault(container.labels[ENVIRONMENT], []).append(container)
    return tuple(
        FoundEnvironment(
            id=name,
            run=containers[0].labels.get(RUN, ""),
            test=containers[0].labels.get(TEST, ""),
            lease=leases.get(name, "dead"),
            containers={c.labels.get(REPLICA, c.name): c for c in sorted(containers, key=lambda c: c.name)},
        )
        for name, containers in sorted(grouped.items())
    )


def pick(engine: Engine, name: str | None) -> FoundEnvironment:
    """The environment of this name, or the only one there is.

    Raises:
        UsageError: there is none of this name, none at all, or several and none was named.
    """
    known = environments(engine)
    names = ", ".join(one.id for one in known)
    if not known:
        raise UsageError("No environment is up", where=engine.describe(), hint="`harness up STACK` brings one up")
    if name is None:
        if len(known) > 1:
            raise UsageError(
                "Several environments are up", got="none named", expected=f"one of {names}", hint="name it with -e"
            )
        return known[0]
    for one in known:
        if one.id == name:
            return one
    raise UsageError("No such environment is up", got=name, expected=names)


def replica(found: FoundEnvironment, name: str) -> Container:
    """The container of a replica; `backend` is taken for the only replica of that service.

    Raises:
        UsageError: there is none of this name.
    """
    for wanted in (name, f"{name}-1"):
        if wanted in found.containers and (wanted == name or f"{name}-2" not in found.containers):
            return found.containers[wanted]
    raise UsageError("No such replica", where=f"environment {found.id}", got=name, expected=", ".join(found.containers))


def proxy_of(found: FoundEnvironment) -> ProxyClient:
    """A client of its proxy. The token is read out of the door through the engine: who may use that may use the proxy.

    Raises:
        UsageError: it has no door.
        EngineError: the door does not run.
    """
    door = replica(found, "door")
    other = "proxy" in found.containers  # a Toxiproxy in the proxy's place asks for no token
    token = None if other else door.get(TOKEN).decode()
    return ProxyClient("127.0.0.1", door.port(API_PORT), environment=found.id, token=token)
