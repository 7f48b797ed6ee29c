"""From a declared service to the specification of a container, and the networks and volumes that it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from harness.engine import Attachment, ContainerSpec, Engine, MountSpec, Network, Owner
from harness.environment.images import Image
from harness.environment.wiring import Ports, Wiring, addresses_needed
from harness.stack import Service, Stack, Volume


@dataclass(frozen=True, slots=True)
class Resources:
    """What the containers of an environment share.

    Attributes:
        inside: the internal network: the replicas and the door reach each other, and nothing else.
        outside: the door's network, on which ports are published on 127.0.0.1. Nothing else is in it.
        volumes: the stack's named volumes, to their names on the engine.
        wiring: who has which address, and the links.
        kept: by (replica, path), the volume of a replica whose containers are replaced by those of other releases.
    """

    inside: Network
    outside: Network
    volumes: Mapping[str, str]
    wiring: Wiring
    kept: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def create(
        cls,
        engine: Engine,
        owner: Owner,
        stack: Stack,
        ports: Ports,
        others: Sequence[Stack] = (),
        kept: Mapping[str, Sequence[str]] | None = None,
    ) -> Resources:
        """Make the networks and the volumes that the stack's services name.

        Args:
            ports: the TCP ports of each service.
            others: the stack as the releases have it that replicas are to be replaced by.
            kept: by service, the paths of volumes without a name that each replica keeps then.
        """
        declared = (
            volume for one in (stack, *others) for service in one.services.values() for volume in service.volumes
        )
        names = sorted({v.source for v in declared if v.type == "volume" and v.source})
        volumes = {name: engine.volumes.create(f"{owner.environment}-{name}", owner) for name in names}
        own = {
            (name, path): engine.volumes.create(f"{owner.environment}-{name}-{number}", owner)
            for service, paths in (kept or {}).items()
            for name in stack.services[service].replica_names()
            for number, path in enumerate(paths, 1)
        }
        spare = bool(others)
        create, needed = engine.networks.create, addresses_needed(stack, ports, spare=spare)
        with ThreadPoolExecutor(2) as pool:  # a network takes a twentieth of a second and more
            inner = pool.submit(create, owner.environment, owner, addresses=needed)
            outer = pool.submit(create, f"{owner.environment}-door", owner, internal=False)
        inside, outside = inner.result(), outer.result()
        wiring = Wiring.plan(owner.environment, stack, ports, inside, outside, spare=spare)
        return cls(inside, outside, volumes, wiring, own)


def container_spec(owner: Owner, service: Service, name: str, image: Image, resources: Resources) -> ContainerSpec:
    """The container of one replica.

    It finds its neighbours by their names, at the door's addresses where the proxy listens for it. Docker's name server
    knows the replicas themselves by the same names: the door finds them there, and so do services without a port.
    """
    return ContainerSpec(
        name=f"{owner.environment}-{name}",
        image=image.reference,
        owner=owner,
        replica=name,
        command=service.command,
        entrypoint=service.entrypoint,
        environment=service.environment,
        labels=service.labels,
        hostname=service.hostname or name,
        user=service.user,
        working_dir=service.working_dir,
        networks=(attachment(service, name, resources),),
        extra_hosts={**resources.wiring.hosts[name], **service.extra_hosts},
        volumes=_mounts(service, name, image, resources),
        tmpfs={**service.tmpfs, **{v.target: _options(v) for v in service.volumes if v.type == "tmpfs"}},
        cap_add=service.cap_add,
        cap_drop=service.cap_drop,
        # A first process that reaps and forwards signals: without one, `stop` runs into its whole timeout.
        init=True if service.init is None else service.init,
        sysctls=service.sysctls,
        ulimits={name: (limit.soft, limit.hard) for name, limit in service.ulimits.items()},
        stop_signal=service.stop_signal,
        stop_grace_period=service.stop_grace_period,
        shm_size=service.shm_size,
        mem_limit=service.mem_limit,
        cpus=service.cpus,
    )


def attachment(service: Service, name: str, resources: Resources) -> Attachment:
    """How a replica is attached to the environment's network: by its names, at its address."""
    return Attachment(resources.inside, (name, service.name), resources.wiring.replicas[name])


def _mounts(service: Service, name: str, image: Image, resources: Resources) -> tuple[MountSpec, ...]:
    """What is mounted, with the volumes that the image keeps something in where the replica has one for them."""
    declared = [_mount(volume, name, resources) for volume in service.volumes if volume.type != "tmpfs"]
    taken = {volume.target for volume in service.volumes} | set(service.tmpfs)
    own = [path for path in image.volumes if path not in taken and (name, path) in resources.kept]
    return (*declared, *(MountSpec(path, resources.kept[name, path]) for path in own))


def _mount(volume: Volume, name: str, resources: Resources) -> MountSpec:
    if volume.type == "bind":
        return MountSpec(volume.target, volume.source or "", "bind", volume.read_only)
    source = resources.volumes[volume.source] if volume.source else resources.kept.get((name, volume.target), "")
    return MountSpec(volume.target, source, "volume", volume.read_only)


def _options(volume: Volume) -> str:
    return "" if volume.size is None else f"size={volume.size}"
