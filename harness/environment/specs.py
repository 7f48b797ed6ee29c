"""From a declared service to the specification of a container, and the networks and volumes that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from harness.engine import Attachment, ContainerSpec, Engine, Network, Owner, Volume
from harness.environment.wiring import Ports, Wiring, addresses_needed
from harness.stack import Service, Stack
from harness.stack import Volume as Declared


@dataclass(frozen=True, slots=True)
class Plumbing:
    """What the containers of an environment share.

    Attributes:
        inside: the internal network: the replicas and the door reach each other, and nothing else.
        outside: the door's network, on which ports are published on 127.0.0.1. Nobody else is in it.
        volumes: the stack's named volumes, to their names on the engine.
        wiring: who has which address, and the links.
    """

    inside: Network
    outside: Network
    volumes: Mapping[str, str]
    wiring: Wiring

    @classmethod
    def lay(cls, engine: Engine, owner: Owner, stack: Stack, ports: Ports) -> Plumbing:
        """Make the networks and the volumes that the stack's services name.

        Args:
            ports: the TCP ports of each service.
        """
        declared = (volume for service in stack.services.values() for volume in service.volumes)
        names = sorted({v.source for v in declared if v.type == "volume" and v.source})
        volumes = {name: engine.volumes.create(f"{owner.environment}-{name}", owner) for name in names}
        create, needed = engine.networks.create, addresses_needed(stack, ports)
        with ThreadPoolExecutor(2) as pool:  # a network takes a twentieth of a second and more
            inner = pool.submit(create, owner.environment, owner, addresses=needed)
            outer = pool.submit(create, f"{owner.environment}-door", owner, internal=False)
        inside, outside = inner.result(), outer.result()
        return cls(inside, outside, volumes, Wiring.plan(owner.environment, stack, ports, inside, outside))


def container_spec(owner: Owner, service: Service, name: str, image: str, plumbing: Plumbing) -> ContainerSpec:
    """The container of one replica.

    It finds its neighbours by their names, at the door's addresses where the proxy listens for it. Docker's name server
    knows the replicas themselves by the same names: the door finds them there, and so do services without a port.
    """
    return ContainerSpec(
        name=f"{owner.environment}-{name}",
        image=image,
        owner=owner,
        replica=name,
        command=service.command,
        entrypoint=service.entrypoint,
        environment=service.environment,
        labels=service.labels,
        hostname=service.hostname or name,
        user=service.user,
        working_dir=service.working_dir,
        networks=(Attachment(plumbing.inside, (name, service.name), plumbing.wiring.replicas[name]),),
        extra_hosts={**plumbing.wiring.hosts[name], **service.extra_hosts},
        volumes=tuple(_mount(volume, plumbing) for volume in service.volumes if volume.type != "tmpfs"),
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


def _mount(volume: Declared, plumbing: Plumbing) -> Volume:
    if volume.type == "bind":
        return Volume(volume.target, volume.source or "", "bind", volume.read_only)
    return Volume(volume.target, plumbing.volumes[volume.source] if volume.source else "", "volume", volume.read_only)


def _options(volume: Declared) -> str:
    return "" if volume.size is None else f"size={volume.size}"
