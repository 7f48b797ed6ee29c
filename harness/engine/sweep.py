"""The sweep: removes what dead runs left, and nothing else.

Objects are listed before leases, and a lease is taken before the first object is made: whatever is seen here without
a lease has lost it. Two sweeps may run at once; what the other one removed is simply gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.engine.containers import Container
from harness.engine.labels import BEGUN, BUILD, BUILDING, ENVIRONMENT, LEASE, OURS, RUN
from harness.engine.leases import environment_of
from harness.engine.translate import SDK_ERRORS, status, translate
from harness.errors import EngineError, EngineGone
from harness.waiting import poll

if TYPE_CHECKING:
    from harness.engine.engine import Engine


RELEASED = 10.0  # seconds within which the engine gives back the volumes of a container that it has forgotten
PARALLEL = 4  # removals of networks and volumes at once


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed: counts, the environments' ids, and what it could not remove. `images` are unnamed ones that
    killed builds left.
    """

    containers: int = 0
    networks: int = 0
    volumes: int = 0
    environments: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    images: int = 0

    def __str__(self) -> str:
        told = []
        if self.environments:
            counts = f"{self.containers} containers, {self.networks} networks, {self.volumes} volumes"
            told.append(f"{len(self.environments)} environments of dead runs removed ({counts})")
        if self.images:
            told.append(f"{self.images} unnamed images of killed builds removed")
        return "; ".join(told) or "nothing to sweep"


@dataclass(slots=True)
class Remains:
    """Everything that an environment has on the engine."""

    environment: str
    run: str = ""
    containers: list[Container] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    leases: list[str] = field(default_factory=list)


def remains(engine: Engine) -> dict[str, Remains]:
    """What every environment has on the engine, dead or alive."""
    found: dict[str, Remains] = {}

    def of(labels: dict[str, str]) -> Remains | None:
        environment = environment_of(labels)
        if not environment or environment.startswith(BUILDING):
            return None
        one = found.setdefault(environment, Remains(environment))
        one.run = one.run or labels.get(RUN, "")
        return one

    for container in engine.containers.list([OURS]):
        if (one := of(dict(container.labels))) is not None:
            one.containers.append(container)
    for network, labels in engine.networks.list([OURS]).items():
        if (one := of(labels)) is not None:
            one.networks.append(network)
    for volume, labels in engine.volumes.list([OURS]).items():
        if (one := of(labels)) is not None:
            (one.leases if labels.get(OURS) == "lease" else one.volumes).append(volume)
    return found


def dead(engine: Engine, *, kept: bool = False) -> dict[str, Remains]:
    """What environments without a live lease have on the engine; with `kept`, also those that were kept."""
    found = remains(engine)
    now = engine.leases.now()
    live = {record.environment for record in engine.leases.list() if record.live(now) and not (kept and record.kept)}
    return {environment: one for environment, one in found.items() if environment not in live}


def sweep(
    engine: Engine,
    *,
    run: str | None = None,
    environment: str | None = None,
    kept: bool = False,
    everything: bool = False,
) -> Swept:
    """Remove the environments of dead runs.

    Args:
        run, environment: only this run's, only this one.
        kept: also those that were kept on purpose.
        everything: also those that are alive.

    Raises:
        EngineGone: the engine went away. Other failures are in `Swept.problems`; the rest is swept nevertheless.
    """
    found = remains(engine) if everything else dead(engine, kept=kept)
    chosen = [
        one
        for one in found.values()
        if (run is None or one.run == run) and (environment is None or one.environment == environment)
    ]
    containers = networks = volumes = 0
    problems: list[str] = []

    def attempt(removal: Callable[..., int], *arguments: object) -> int:
        try:
            return int(removal(*arguments))
        except EngineGone:
            raise
        except EngineError as error:
            problems.append(str(error))
            return 0

    swept = []
    for one in chosen:
        if not everything and not _still_dead(engine, one, kept=kept):
            continue
        before = len(problems)
        containers += attempt(engine.containers.remove, one.containers)
        with ThreadPoolExecutor(PARALLEL) as pool:  # a network takes a tenth of a second, and there are two
            networks += sum(pool.map(lambda network: attempt(_remove_network, engine, network), one.networks))
            volumes += sum(pool.map(lambda volume: attempt(_remove_volume, engine, volume), one.volumes))
        if len(problems) == before:  # while something is left, its lease says whose it is
            for lease in one.leases:
                attempt(engine.volumes.remove, lease)
        swept.append(one.environment)
    images = _sweep_builds(engine, attempt, problems) if run is None and environment is None else 0
    return Swept(containers, networks, volumes, tuple(swept), tuple(problems), images)


def _sweep_builds(engine: Engine, attempt: Callable[..., int], problems: Sequence[str]) -> int:
    """Remove what killed builds left; returns how many images.

    Only what was made since a build began whose process is gone, and what says that its build has not ended: an image
    that somebody built upon one of ours inherits that it is done. While any build is under way on this engine all is
    left for the next sweep, since nothing tells whose an unnamed image is.
    """
    removed, before = 0, len(problems)
    for _ in range(2):  # the engine may have been in the middle of a step when the process was killed
        left = engine.images.unfinished()
        steps = engine.containers.list([f"{BUILD}={BEGUN}"])
        leases, now = engine.leases.list(), engine.leases.now()  # after the objects, as above
        builds = [(lease, lease.build_began) for lease in leases if lease.build_began is not None]
        killed = [(lease, began) for lease, began in builds if began is not None and not lease.live(now)]
        if not killed or len(killed) < len(builds):
            return removed
        attempt(engine.containers.remove, [one for one in steps if ENVIRONMENT not in one.labels])
        since = min(began for _, began in killed) - 1.0  # the engine's clock is read to the second
        images = [identity for identity, made in left.items() if made >= since]
        removed += sum(attempt(engine.images.remove, identity) for identity in images)
        if not images and not steps:
            break
    if len(problems) == before:
        for lease, _ in killed:
            attempt(engine.volumes.remove, lease.volume)
    return removed


def _still_dead(engine: Engine, one: Remains, *, kept: bool) -> bool:
    """A second look, just before: a lease's renewal may have fallen between the lists."""
    now = engine.leases.now()
    records = engine.leases.list([f"{LEASE}={one.environment}"])
    return not any(record.live(now) and not (kept and record.kept) for record in records)


def _remove_network(engine: Engine, network: str) -> bool:
    """Remove a network, and before it the endpoints of containers that the engine itself has forgotten."""
    try:
        return engine.networks.remove(network)
    except EngineGone:
        raise
    except EngineError as error:
        if status(error.__cause__ or error) not in (403, 409):
            raise
    with translate(f"The network {network} cannot be removed", where=network):
        attached = engine.api.inspect_network(network).get("Containers") or {}
        for identity in attached:
            if _exists(engine, identity):
                name = attached[identity].get("Name", identity)
                raise EngineError(
                    f"The network {network[:12]} cannot be removed: a container that is not ours is attached",
                    where=network,
                    got=str(name),
                    hint=f"`docker network disconnect {network[:12]} {name}`, and sweep again",
                )
            name = attached[identity].get("Name", identity)
            engine.api.disconnect_container_from_network(str(name), network, force=True)
    return engine.networks.remove(network)


def _remove_volume(engine: Engine, volume: str) -> bool:
    """Remove a volume. One that no container uses any more may be held for a moment longer: another sweep removes its
    container, which the engine forgets before it gives the volume back.
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
