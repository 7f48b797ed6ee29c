"""A stack: what is to be tested, declared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from harness.errors import UsageError
from harness.fingerprint import Allowance
from harness.stack.model import Service
from harness.stack.plainwords import meant
from harness.stack.xharness import XHarness


class Variant(BaseModel):
    """The stack as one release has it."""

    model_config = ConfigDict(frozen=True)

    services: Mapping[str, Service]
    harness: XHarness
    warnings: tuple[str, ...] = ()


class Stack(BaseModel):
    """Everything that a Compose file and its `x-harness` block say. Immutable.

    Attributes:
        name: lower-case letters, digits, `_` and `-`.
        file: the Compose file, absolute.
        services: by name, in the file's order.
        harness: the `x-harness` block; where the file has none, all its defaults.
        warnings: sentences for the user: variables without a value, keys that are ignored.
        release: the release that this is the stack of; None for the file as it stands.
        overrides: the Compose files that were merged into it, absolute.
        secrets: values that may not be seen in anything that a run keeps or shows; not part of what describes it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    file: Path
    services: Mapping[str, Service]
    harness: XHarness = Field(default_factory=XHarness)
    warnings: tuple[str, ...] = ()
    release: str | None = None
    overrides: tuple[Path, ...] = Field(default=(), exclude=True)
    secrets: tuple[str, ...] = Field(default=(), repr=False, exclude=True)

    _variants: dict[str, Variant] = PrivateAttr(default_factory=dict)

    @property
    def allowances(self) -> tuple[Allowance, ...]:
        """Every difference of state that is declared to be meant."""
        return tuple(one for service, state in self.harness.state.items() for one in state.allowances(service))

    def at(self, release: str) -> Stack:
        """The stack with the overrides of a release merged in.

        Raises:
            UsageError: `x-harness.releases` has no such release.
        """
        known = self.harness.releases
        if release not in known:
            raise UsageError(
                "The stack has no such release",
                where=f"{self.file}: x-harness.releases",
                got=release,
                expected=("one of " + ", ".join(known) if known else "a release, and none is declared")
                + meant(release, known),
                hint="name one of these" if known else 'declare them: releases: {"1.0": {}, "1.1": compose.1.1.yaml}',
            )
        variant = self._variants.get(release)
        changes = dict(variant) if variant else {}
        return self.model_copy(update={**changes, "release": release})

    def differing_images(self, *releases: str) -> tuple[str, ...]:
        """The services whose image or build differs between releases: what can be told of a replica by its image.

        Args:
            releases: which to compare; all that are declared if none is named.
        """
        made = [self.at(release).services for release in releases or self.harness.releases]
        images = {name: {_image(services.get(name)) for services in made} for name in self.services}
        return tuple(name for name, found in images.items() if len(found) > 1)

    def service(self, name: str) -> Service:
        """A service by its name. Raises UsageError where there is none."""
        if name not in self.services:
            raise UsageError(
                "The stack has no such service",
                where=str(self.file),
                got=name,
                expected="one of " + ", ".join(self.services) + meant(name, self.services),
            )
        return self.services[name]

    def with_variants(self, variants: Mapping[str, Variant]) -> Stack:
        """The same stack, knowing what each release makes of it."""
        copy = self.model_copy()
        copy._variants.update(variants)
        return copy


def _image(service: Service | None) -> str:
    """What the containers of a service are made from, as a text to compare."""
    if service is None:
        return ""
    build = service.build
    return repr((service.image, build and (build.context, build.dockerfile, build.target, dict(build.args))))
