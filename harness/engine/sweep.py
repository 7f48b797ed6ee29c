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
from harness.engine.releasing import remove_network, remove_volume
from harness.errors import EngineError, EngineGone, NetworkHeld

if TYPE_CHECKING:
    from harness.engine.engine import Engine


PARALLEL = 4  # removals of networks and volumes at once


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed: counts, the environments' ids, and what it could not remove. `images` are unnamed ones that
    killed builds left. `held` are the ids of networks that the engine does not let go by a mistake of its own: empty
    ones, which only its restart removes.
    """

    containers: int = 0
    networks: int = 0
    volumes: int = 0
    environments: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    images: int = 0
    held: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = []
        if self.environments:
            counts = f"{self.containers} containers, {self.networks} networks, {self.volumes} volumes"
            told.append(f"{len(self.environments)} environments of dead runs removed ({counts})")
        if self.images:
            told.append(f"{self.images} unnamed images of killed builds removed")
        told += self.notes
        return "; ".join(told) or "nothing to sweep"

    @property
    def notes(self) -> tuple[str, ...]:
        """What is left, and is no fault of anybody's here."""
        return tuple(f"the engine holds the empty network {one[:12]} until it is restarted" for one in self.held)


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
    held: list[str] = []

    def attempt(removal: Callable[..., int], *arguments: object) -> int:
        try:
            return int(removal(*arguments))
        except EngineGone:
            raise
        except NetworkHeld as error:
            held.append(error.where or error.what)
            return 0
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
            networks += sum(pool.map(lambda network: attempt(remove_network, engine, network), one.networks))
            volumes += sum(pool.map(lambda volume: attempt(remove_volume, engine, volume), one.volumes))
        if len(problems) == before:  # while something is left, its lease says whose it is
            for lease in one.leases:
                attempt(engine.volumes.remove, lease)
        if one.containers or one.volumes or one.leases or len(held) < len(one.networks):
            swept.append(one.environment)
    images = _sweep_builds(engine, attempt, problems) if run is None and environment is None else 0
    return Swept(containers, networks, volumes, tuple(swept), tuple(problems), images, tuple(held))


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
