"""What a container is to be, as data, and its translation into the SDK's arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import docker
from docker.types import Healthcheck, LogConfig, Mount, Ulimit

from harness.engine.labels import Owner
from harness.engine.networks import Network

# Where names are asked for that the engine does not know: the container's own loopback, where nothing listens. Nothing
# leaves the container, and the engine learns at once that there is no answer; with an address from which none comes, it
# would hold the container's removal up for seconds.
NOWHERE = "127.0.0.2"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A network that the container is in.

    Attributes:
        network: which.
        aliases: names that its neighbours find it by, beside its own.
        address: a fixed IPv4 address in the network's subnet; None for any.
    """

    network: Network
    aliases: tuple[str, ...] = ()
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Publish:
    """A container's port on 127.0.0.1; `host_port` 0 takes a free one. Needs a door: see `harness.engine.networks`."""

    port: int
    host_port: int = 0
    protocol: str = "tcp"


@dataclass(frozen=True, slots=True)
class MountSpec:
    """A mount: `source` a path of the engine's machine (`bind`), a volume's name (`volume`), or empty (anonymous)."""

    target: str
    source: str = ""
    kind: Literal["bind", "volume"] = "volume"
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """A container to be made. Empty fields leave what the image says.

    Attributes:
        name: unique on the engine.
        image: a tag or an id that the engine has.
        owner: whose it is.
        replica: the replica's name in its stack; a label.
        networks: the first is attached at creation, the others before the start; none: no network at all.
        network_of: the id of a container whose network it shares, instead of `networks`, and of all that belongs to it:
            hostname, published ports, `extra_hosts`, `dns`.
        publish: ports on 127.0.0.1.
        extra_hosts: name to address, for /etc/hosts.
        tmpfs: path to options (`size=64m`).
        ulimits: name to (soft, hard).
        mem_limit, shm_size: bytes. cpus: cores. stop_grace_period: seconds.
        init: a first process that reaps and forwards signals, so that `stop` does not run into its timeout.
        dns, dns_options: for names that the engine does not know; as they stand such a name fails after 2 s.
    """

    name: str
    image: str
    owner: Owner
    replica: str | None = None
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    hostname: str | None = None
    user: str | None = None
    working_dir: str | None = None
    networks: tuple[Attachment, ...] = ()
    network_of: str | None = None
    publish: tuple[Publish, ...] = ()
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    dns: tuple[str, ...] = (NOWHERE,)
    dns_options: tuple[str, ...] = ("timeout:1", "attempts:1")
    volumes: tuple[MountSpec, ...] = ()
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    init: bool = True
    sysctls: Mapping[str, str] = field(default_factory=dict)
    ulimits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    stop_signal: str | None = None
    stop_grace_period: float | None = None
    shm_size: int | None = None
    mem_limit: int | None = None
    cpus: float | None = None


def arguments(api: docker.APIClient, spec: ContainerSpec) -> dict[str, Any]:
    """The keyword arguments of the SDK's `create_container`."""
    return {
        "image": spec.image,
        "name": spec.name,
        "command": None if spec.command is None else list(spec.command),
        "entrypoint": None if spec.entrypoint is None else list(spec.entrypoint),
        "environment": dict(spec.environment),
        "labels": {**spec.labels, **spec.owner.labels("container", replica=spec.replica)},
        "hostname": spec.hostname,
        "user": spec.user,
        "working_dir": spec.working_dir,
        "ports": [(publish.port, publish.protocol) for publish in spec.publish],
        "stop_signal": spec.stop_signal,
        # The environment runs the health checks itself: it wants each answer, and at its own pace.
        "healthcheck": Healthcheck(test=["NONE"]),
        "networking_config": _first_network(api, spec),
        "host_config": _host(api, spec),
        "detach": True,
    }


def endpoint(api: docker.APIClient, attachment: Attachment) -> Any:
    """The SDK's endpoint settings of an attachment."""
    return api.create_endpoint_config(aliases=list(attachment.aliases) or None, ipv4_address=attachment.address)


def _first_network(api: docker.APIClient, spec: ContainerSpec) -> dict[str, Any] | None:
    if not spec.networks:
        return None
    first = spec.networks[0]
    return {"EndpointsConfig": {first.network.id: endpoint(api, first)}}


def _host(api: docker.APIClient, spec: ContainerSpec) -> dict[str, Any]:
    own: dict[str, Any] = {"network_mode": f"container:{spec.network_of}"}
    if spec.network_of is None:
        own = {
            "network_mode": spec.networks[0].network.id if spec.networks else "none",
            "port_bindings": {f"{p.port}/{p.protocol}": ("127.0.0.1", p.host_port or None) for p in spec.publish},
            "extra_hosts": dict(spec.extra_hosts),
            "dns": list(spec.dns),
            "dns_opt": list(spec.dns_options),
        }
    mounts = [Mount(v.target, v.source or None, type=v.kind, read_only=v.read_only) for v in spec.volumes]
    return dict(
        api.create_host_config(
            **own,
            mounts=mounts,
            tmpfs=dict(spec.tmpfs),
            cap_add=list(spec.cap_add),
            cap_drop=list(spec.cap_drop),
            init=spec.init,
            sysctls=dict(spec.sysctls),
            ulimits=[Ulimit(name=name, soft=soft, hard=hard) for name, (soft, hard) in spec.ulimits.items()],
            shm_size=spec.shm_size,
            mem_limit=spec.mem_limit,
            nano_cpus=None if spec.cpus is None else round(spec.cpus * 1e9),
            # Whatever the daemon's default is (journald, none): `logs` must work, and a chatty replica not fill a disk.
            log_config=LogConfig(type=LogConfig.types.JSON, config={"max-size": "64m", "max-file": "2"}),
        )
    )
