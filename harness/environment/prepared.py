"""The releases that the replicas of an environment may run: the stack as each has it, and images that are there before
anything starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.engine import Engine
from harness.environment.images import Image, Progress, StackImages, ensure_images, kept_paths, ports_of
from harness.environment.wiring import Ports
from harness.errors import UsageError
from harness.stack import Service, Stack


@dataclass(frozen=True, slots=True)
class ReplicaSpec:
    """What a replica is to be from now on: the service as a release has it, its image, and the release's name."""

    service: Service
    image: Image
    release: str


class Prepared:
    """The releases of one environment.

    Args:
        stack: with all its releases.
        release: the one that it is brought up on.
        others: those that replicas may be replaced by.
    """

    def __init__(self, stack: Stack, release: str, others: Sequence[str] = ()) -> None:
        self._stack, self._release = stack, release
        self.stacks = {one: stack.at(one) for one in (release, *others)}
        self._images: dict[str, StackImages] = {}

    def build(self, engine: Engine, progress: Progress | None) -> StackImages:
        """Build or pull the images of every release; returns those of the one that is brought up.

        Raises:
            ImageError, ImageMissing: one cannot be had.
        """
        for release, stack in self.stacks.items():
            self._images[release] = ensure_images(engine, stack, progress)
        return self._images[self._release]

    @property
    def ports(self) -> Ports:
        """The ports that links lead to, whichever release a replica runs."""
        return ports_of(self._made())

    @property
    def others(self) -> tuple[Stack, ...]:
        """The stack as the releases have it that replicas may be replaced by."""
        return tuple(stack for release, stack in self.stacks.items() if release != self._release)

    @property
    def kept(self) -> Mapping[str, Sequence[str]]:
        """By service: paths of volumes without a name that a replica keeps; none where nothing is to be replaced."""
        return kept_paths(self._made()) if self.others else {}

    @property
    def told_by_image(self) -> tuple[str, ...]:
        """The services of which a replica's release can be told by its image: it differs between these releases."""
        return self._stack.differing_images(*self.stacks) if self.others else ()

    def next(self, service: str, release: str) -> ReplicaSpec:
        """What a replica of a service is as a release has it.

        Raises:
            UsageError: the release was not prepared.
        """
        return ReplicaSpec(self.stack(release).service(service), self._images[release].services[service], release)

    def stack(self, release: str) -> Stack:
        """The stack as a release has it.

        Raises:
            UsageError: the release was not prepared.
        """
        if release not in self.stacks:
            raise UsageError(
                "Replicas cannot be replaced by those of this release",
                where=f"stack {self._stack.name}",
                got=release,
                expected="one of " + ", ".join(self.stacks),
                hint="name it when the environment is made: Environment(..., releases=[...])",
            )
        return self.stacks[release]

    def by_image(self, service: str, digest: str) -> tuple[str, ...]:
        """The releases whose image of a service has this digest."""
        return tuple(release for release, made in self._images.items() if made.services[service].id == digest)

    def _made(self) -> list[tuple[Stack, StackImages]]:
        return [(stack, self._images[release]) for release, stack in self.stacks.items()]
