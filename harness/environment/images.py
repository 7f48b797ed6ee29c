"""The images that the replicas and the door of a stack are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import harness.proxy
from harness.engine import BuildSpec, Engine
from harness.stack import Healthcheck, Service, Stack

DOOR = BuildSpec(
    name="proxy", context=Path(harness.proxy.__file__).parent, dockerfile="image/Dockerfile", service="the door"
)
Progress = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Image:
    """What to create a service's containers from, and what the image itself says about its health."""

    reference: str
    healthcheck: tuple[str, ...]

    def health(self, service: Service) -> Healthcheck | None:
        """The service's health check; where it declares none, the image's own; None where there is none either."""
        if service.healthcheck is not None:
            return service.healthcheck
        if self.healthcheck and self.healthcheck[0] != "NONE":
            return Healthcheck(test=self.healthcheck)
        return None


@dataclass(frozen=True, slots=True)
class Images:
    """An image for each service, and the door's."""

    services: Mapping[str, Image]
    door: str


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


def ensure_images(engine: Engine, stack: Stack, progress: Progress | None = None) -> Images:
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
        services[service.name] = Image(reference, facts.healthcheck if facts else ())
    return Images(services, built[DOOR.name].tag)
