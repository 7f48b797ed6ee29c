"""Networks and volumes that the engine does not let go at once, since it has forgotten who used them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.engine.translate import SDK_ERRORS, status, translate
from harness.errors import EngineError, EngineGone, NetworkHeld
from harness.waiting import poll

if TYPE_CHECKING:
    from harness.engine.engine import Engine

RELEASED = 10.0  # seconds within which the engine gives back the volumes of a container that it has forgotten
SETTLED = 2.0  # seconds within which it counts the endpoints of a network as it should


def remove_network(engine: Engine, network: str) -> bool:
    """Remove a network, and before it the endpoints of containers that the engine itself has forgotten. False if it was
    gone already.

    Raises:
        NetworkHeld: no container is attached, and the engine counts one nevertheless, as Docker may after containers of
            a network ended at the same time (moby/moby 42119, docker/cli 5243).
        EngineError: a container that is not ours is attached, or the engine refuses for another reason.
    """

    def remove() -> bool | EngineError:
        try:
            return engine.networks.remove(network)
        except EngineGone:
            raise
        except EngineError as error:
            if status(error.__cause__ or error) not in (403, 409):
                raise
            _disconnect(engine, network)
            return error

    # A container that another sweep removes has its endpoint for a moment longer; the engine has no event for its end.
    removed = poll(remove, lambda seen: not isinstance(seen, EngineError), within=SETTLED, every=0.1)
    if isinstance(removed, EngineError):
        if "active endpoints" not in str(removed):
            raise removed
        raise NetworkHeld(
            f"The engine holds the network {network[:12]}, which no container is attached to, until it is restarted",
            where=network,
        ) from removed
    return removed


def _disconnect(engine: Engine, network: str) -> None:
    with translate(f"The network {network} cannot be removed", where=network):
        try:
            attached = engine.api.inspect_network(network).get("Containers") or {}
        except SDK_ERRORS as error:
            if status(error) == 404:
                return
            raise
        for identity in attached:
            name = attached[identity].get("Name", identity)
            if _exists(engine, identity):
                raise EngineError(
                    f"The network {network[:12]} cannot be removed: a container that is not ours is attached",
                    where=network,
                    got=str(name),
                    hint=f"`docker network disconnect {network[:12]} {name}`, and sweep again",
                )
            engine.api.disconnect_container_from_network(str(name), network, force=True)


def remove_volume(engine: Engine, volume: str) -> bool:
    """Remove a volume. One that no container uses any more may be held for a moment longer: another sweep removes its
    container, which the engine forgets before it gives the volume back. False if it was gone already.
    """

    def remove() -> bool | EngineError:
        try:
            return engine.volumes.remove(volume)
        except EngineGone:
            raise
        except EngineError as error:
            if status(error.__cause__ or error) != 409 or _used(engine, volume):
                raise
            return error

    # The engine has no event for this.
    removed = poll(remove, lambda seen: not isinstance(seen, EngineError), within=RELEASED, every=0.05)
    if isinstance(removed, EngineError):
        raise removed
    return removed


def _used(engine: Engine, volume: str) -> bool:
    """A container that the engine knows has the volume, running or not."""
    with translate(f"The containers of the volume {volume} cannot be listed", where=volume):
        return bool(engine.api.containers(all=True, filters={"volume": volume}))


def _exists(engine: Engine, container: str) -> bool:
    try:
        engine.api.inspect_container(container)
    except SDK_ERRORS as error:
        if status(error) == 404:
            return False
        raise
    return True
