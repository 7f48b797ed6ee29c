"""What of an environment stands on the engine at this moment; looked at before anybody is told that it is up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.engine import Container, Engine
from harness.engine.labels import ENVIRONMENT, REPLICA
from harness.environment.watch import RESOURCES
from harness.errors import DoorGone, EngineError, EngineGone, HarnessError, NetworkError, NotReady

RUNNING = "running"
GONE = "gone"

Networks = Mapping[str, str]  # name to id


def networks_of(container: Container) -> dict[str, str]:
    """The networks that a container is attached to. EngineError where there is no such container."""
    return _attached(container.inspect())


def _attached(raw: Mapping[str, Any]) -> dict[str, str]:
    found = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    return {str(name): str(settings.get("NetworkID") or "") for name, settings in found.items()}


def check_networks(environment: str, door: Container, networks: Networks) -> None:
    """Make sure that the door is still in the networks that it was in when the environment came up. The engine removes
    no network that something is attached to, so that a network that is gone has lost the door before.

    Raises:
        DoorGone: the door is removed.
        NetworkError: it has lost a network.
        EngineGone: the engine does not answer.
    """
    try:
        now = networks_of(door)
    except EngineGone:
        raise
    except EngineError as error:
        raise DoorGone(
            "The environment's door is removed, and with it every link", where=door.name, got=error.got
        ) from error
    lost = [name for name, identity in networks.items() if now.get(name) != identity]
    if lost:
        raise NetworkError(
            f"The environment {environment} has lost its network",
            where=", ".join(lost),
            got=f"its door is attached to {', '.join(now) or 'no network'}",
            expected="networks that stay for as long as the environment is up",
            hint="find out what removed it (`docker network prune`, `docker network rm`?), and run it again",
        )


def what_is_left(engine: Engine, environment: str, replicas: Iterable[str], *, ready: bool) -> str:
    """`is up`, or else what there is of a kept environment: every container with its state.

    Args:
        replicas: those that should be there.
        ready: it has been up; else its start was cut off.
    """
    try:
        found = _looked_at(engine, environment, (*replicas, "door"))
    except EngineError as error:
        return f"is kept, and the engine cannot say what runs of it ({error.what})"
    if ready and all(words == RUNNING for words, _ in found.values()):
        return "is up"
    by_state: dict[str, list[str]] = {}
    for name, (words, _) in found.items():
        by_state.setdefault(words, []).append(name)
    told = "; ".join(f"{', '.join(names)}: {words}" for words, names in by_state.items())
    return f"is kept, and {'not whole' if ready else 'was never ready'} ({told})"


def check_whole(engine: Engine, environment: str, replicas: Iterable[str], networks: Networks) -> None:
    """Make sure that everything that came up is there still: the door, the networks, every replica. A replica that has
    done its work and ended with exit code 0 is no loss.

    Raises:
        DoorGone, NetworkError, NotReady: what vanished, by name. EngineGone.
    """
    names = (*replicas, "door")
    found = _looked_at(engine, environment, names)
    ended = {name: words for name, (words, _) in found.items() if words not in (RUNNING, _ended(0))}
    outside = [
        name
        for name, (words, attached) in found.items()
        if words == RUNNING and name != "proxy" and not set(attached.values()) & set(networks.values())
    ]
    told = [f"{name}: {words}" for name, words in ended.items()]
    told += [f"{name}: in none of the environment's networks" for name in outside]
    if not told:
        return
    kind: type[HarnessError] = DoorGone if set(RESOURCES) & set(ended) else NotReady if ended else NetworkError
    raise kind(
        f"The environment {environment} came up, and is no longer complete",
        where=", ".join([*ended, *outside]),
        got="; ".join(told),
        expected=f"{', '.join(names)} running, in the networks {', '.join(networks)}",
        hint="find out what removed or ended it, and bring it up again",
    )


def _looked_at(engine: Engine, environment: str, expected: Iterable[str]) -> dict[str, tuple[str, Mapping[str, str]]]:
    found: dict[str, tuple[str, Mapping[str, str]]] = {name: (GONE, {}) for name in expected}
    for container in engine.containers.list([f"{ENVIRONMENT}={environment}"]):
        name = str(container.labels.get(REPLICA) or container.name)
        try:
            raw = container.inspect()
        except EngineGone:
            raise
        except EngineError:  # removed since it was listed
            found[name] = (GONE, {})
            continue
        found[name] = (_in_words(raw["State"]), _attached(raw))
    return found


def _in_words(state: Mapping[str, Any]) -> str:
    status = str(state.get("Status"))
    if status == "created":
        return "created and was never started"
    return _ended(int(state.get("ExitCode") or 0)) if status in ("exited", "dead") else status


def _ended(code: int) -> str:
    return f"ended with exit code {code}"
