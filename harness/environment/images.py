"""The images that the replicas and the door of a stack are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import harness.proxy
from harness.engine import BuildSpec, Engine
from harness.environment.wiring import Ports
from harness.errors import UsageError
from harness.stack import Healthcheck, Service, Stack
from harness.stack.accepted import PORTS

DOOR = BuildSpec(
    name="proxy", context=Path(harness.proxy.__file__).parent, dockerfile="image/Dockerfile", service="the door"
)
Progress = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Image:
    """What to create a service's containers from, and what the image itself says: its health check, its TCP ports."""

    reference: str
    healthcheck: tuple[str, ...]
    ports: tuple[int, ...] = ()
    datagrams: bool = False  # it declares a port that is not TCP's
    id: str = ""  # its digest, by which a container's image is known
    volumes: tuple[str, ...] = ()  # paths that it keeps in a volume of each container

    def health(self, service: Service) -> Healthcheck | None:
        """The service's health check; where it declares none, the image's own; None where there is none either."""
        if service.healthcheck is not None:
            return service.healthcheck
        if self.healthcheck and self.healthcheck[0] != "NONE":
            return Healthcheck(test=self.healthcheck)
        return None


@dataclass(frozen=True, slots=True)
class StackImages:
    """An image for each service, the door's, and the proxy's where that is not the door's own."""

    services: Mapping[str, Image]
    door: str
    proxy: str | None = None

    def ports(self, stack: Stack) -> Ports:
        """The ports that links lead to, of each service: those of `expose` and `ports`, those that its image declares,
        and the entrypoint's. None for a service with datagrams: its name can only lead to one place.
        """
        entry, direct = stack.harness.entry, self.with_datagrams(stack)
        found: dict[str, tuple[int, ...]] = {}
        for name, service in stack.services.items():
            entered = {entry[1]} if entry is not None and entry[0] == name else set()
            ports = {*service.listens_on(), *self.services[name].ports, *entered}
            if len(ports) > PORTS and name not in direct:
                raise UsageError(
                    f"The image of service {name} declares too many ports",
                    where=f"service {name}, image {self.services[name].reference}",
                    got=f"{len(ports)} TCP ports",
                    expected=f"{PORTS} or fewer: each is a listener for every replica that may call the service",
                    hint="expose fewer ports in the image",
                )
            found[name] = () if name in direct else tuple(sorted(ports))
        return found

    def with_datagrams(self, stack: Stack) -> tuple[str, ...]:
        """The services that declare a port that is not TCP's, which the proxy cannot pass on."""
        return tuple(
            name
            for name, service in stack.services.items()
            if self.services[name].datagrams or any(port.protocol != "tcp" for port in service.ports)
        )


def ports_of(stacks: Sequence[tuple[Stack, StackImages]]) -> Ports:
    """The ports that links lead to, whichever of these releases a replica runs."""
    found: dict[str, tuple[int, ...]] = {}
    for ports in (images.ports(stack) for stack, images in stacks):
        found |= {name: tuple(sorted({*found.get(name, ()), *own})) for name, own in ports.items()}
    direct = {name for stack, images in stacks for name in images.with_datagrams(stack)}
    return {name: () if name in direct else ports for name, ports in found.items()}


def kept_paths(stacks: Sequence[tuple[Stack, StackImages]]) -> dict[str, tuple[str, ...]]:
    """By service: the paths that any of these releases keeps in a volume without a name, its image's among them. They
    outlive the container when a replica is replaced, as with Compose.
    """
    found: dict[str, set[str]] = {}
    for stack, images in stacks:
        for name, service in stack.services.items():
            paths = {one.target for one in service.volumes if one.type == "volume" and not one.source}
            found.setdefault(name, set()).update(paths, images.services[name].volumes)
    return {name: tuple(sorted(paths)) for name, paths in found.items() if paths}


def build_specs(stack: Stack) -> tuple[BuildSpec, ...]:
    """What is built for a stack: every service with a `build:` section, and the door."""
    built = [
        BuildSpec(
            name=f"{stack.name}-{service.name}",
            context=service.build.context,
            dockerfile=service.build.dockerfile,
            args=service.build.args,
            target=service.build.target,
            service=service.name,
        )
        for service in stack.services.values()
        if service.build is not None
    ]
    return (*built, DOOR)


def ensure_images(engine: Engine, stack: Stack, progress: Progress | None = None) -> StackImages:
    """Build or pull whatever is not there yet.

    Args:
        progress: called with (image, line) while something is built or pulled.

    Raises:
        ImageError: a build failed; the message has the step and the end of its output.
        ImageMissing: an image that a service names is neither here nor to be had.
    """
    say = progress or (lambda _image, _line: None)
    built = engine.images.build(build_specs(stack), say)
    services: dict[str, Image] = {}
    for service in stack.services.values():
        if service.build is not None:
            reference = built[f"{stack.name}-{service.name}"].tag
        else:
            assert service.image is not None  # the reader refuses a service with neither
            reference = engine.images.require(
                service.image, who=f"service {service.name}", where=str(stack.file), progress=say
            )
        facts = engine.images.find(reference)
        said = (facts.healthcheck, facts.ports, facts.datagrams, facts.id, facts.volumes) if facts else ((),)
        services[service.name] = Image(reference, *said)
    other = stack.harness.proxy.image
    proxy = engine.images.require(other, who="x-harness.proxy", where=str(stack.file), progress=say) if other else None
    return StackImages(services, built[DOOR.name].tag, proxy)
