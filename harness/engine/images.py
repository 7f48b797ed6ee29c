"""Images: those that a stack builds, tagged by the hash of their inputs, and those that it names.

Nothing is built twice, by threads or by processes: the hash is the tag, and a lock per tag in the state directory
lets the first build while the others wait. A changed file changes the hash.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import docker

from harness.engine import archive, base, build, context, dockerfile, state
from harness.engine.context import BuildSpec
from harness.engine.labels import BEGUN, BUILD, OURS, PREFIX
from harness.engine.leases import Leases
from harness.engine.translate import SDK_ERRORS, as_ours, status, translate, words
from harness.errors import ImageMissing, UsageError
from harness.threads import concurrently

BASES = f"{PREFIX}.bases"  # JSON: reference to the id that the image was built on
NAME = f"{PREFIX}.image"
DEFAULT_PARALLEL = 4

Progress = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Built:
    """An image that is there now: `built` whether it had to be, in how many seconds."""

    name: str
    tag: str
    id: str
    built: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What an image says of itself. Ports are TCP; `datagrams` whether it declares any other (UDP, SCTP)."""

    id: str
    tags: tuple[str, ...]
    ports: tuple[int, ...]
    command: tuple[str, ...]
    entrypoint: tuple[str, ...]
    environment: Mapping[str, str]
    healthcheck: tuple[str, ...]
    size: int  # bytes
    labels: Mapping[str, str]
    datagrams: bool = False
    volumes: tuple[str, ...] = ()  # paths that each container of it keeps in a volume


class Images:
    """The images of an engine. Safe in parallel threads and processes."""

    def __init__(
        self, api: docker.APIClient, environ: Mapping[str, str] = os.environ, leases: Leases | None = None
    ) -> None:
        self._api, self._environ = api, environ
        self._leases = leases or Leases(api)
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._refused: dict[str, str] = {}  # reference to why it could not be pulled; asked once per process
        self._platform = ""

    # -- what the engine has ------------------------------------------------------------------------------------------

    def find(self, reference: str) -> ImageFacts | None:
        """An image that the engine has; None if it does not."""
        api: Any = self._api
        try:
            raw: dict[str, Any] = api.inspect_image(reference)
        except SDK_ERRORS as error:
            if status(error) in (400, 404):  # 400: not a reference at all, which no engine can have
                return None
            raise as_ours(error, f"The image {reference} cannot be read", where=reference) from error
        return _facts(raw)

    def list(self) -> tuple[ImageFacts, ...]:
        """The images that are ours, newest first."""
        with translate("The engine's images cannot be listed"):
            found = self._api.images(filters={"label": OURS})
        facts = (self.find(str(raw["Id"])) for raw in found if raw.get("RepoTags"))
        return tuple(one for one in facts if one is not None)

    def unfinished(self) -> dict[str, float]:
        """The unnamed images of builds that did not get to their end, and stages of those that did: id to when it was
        made, in Unix seconds by the engine's clock.
        """
        with translate("The engine's images cannot be listed"):
            found = self._api.images(filters={"dangling": True, "label": f"{BUILD}={BEGUN}"})
        return {str(raw["Id"]): float(raw["Created"]) for raw in found}

    def remove(self, reference: str) -> bool:
        """Remove an image, or one of its tags. False if it was not there."""
        try:
            self._api.remove_image(reference)
        except SDK_ERRORS as error:
            if status(error) == 404:
                return False
            raise as_ours(error, f"The image {reference} cannot be removed", where=reference) from error
        return True

    def save(self, path: Path, tags: Sequence[str]) -> int:
        """Write images into one file; see `harness.engine.archive.save`."""
        missing = [tag for tag in tags if self.find(tag) is None]
        if missing:
            raise ImageMissing(
                "The images cannot be saved: the engine does not have them all",
                where=str(path),
                got=f"missing: {', '.join(missing)}",
                hint="`harness images build` builds them",
            )
        return archive.save(self._api, path, tags)

    def load(self, path: Path) -> tuple[str, ...]:
        """Bring in images from a file; see `harness.engine.archive.load`."""
        return archive.load(self._api, path)

    # -- images that a stack names ------------------------------------------------------------------------------------

    def require(
        self, reference: str, *, who: str = "", where: str = "", progress: Progress = lambda _name, _line: None
    ) -> str:
        """The reference to create containers from: this one, there already or pulled now, or the base image made
        here where it is Debian's and cannot be pulled.

        Args:
            who: who needs it (`service backend`); where: the file and line that names it.

        Raises:
            ImageMissing: it is neither here nor to be had.
        """
        if self.find(reference) is not None:
            return reference
        if base.can_stand_in_for(reference) and self.find(base.TAG) is not None:
            return base.TAG  # made because no registry answered; asking again would cost its timeout in every process
        with self._one_at_a_time(reference):
            if self.find(reference) is not None:
                return reference
            refusal = self._refused.get(reference) or self._pull(reference, progress)
            if refusal is None:
                return reference
            self._refused[reference] = refusal
        if base.can_stand_in_for(reference):
            why_not = base.cannot_be_made(self._environ)
            if why_not is None:
                return base.provide(self._api, progress, self._environ)
            refusal = f"{refusal}; {why_not}"
        raise ImageMissing(
            f"The image {reference} is missing and cannot be pulled",
            where=", ".join(part for part in (who, where) if part) or None,
            got=refusal,
            hint="check its name; or bring it in: `docker save` where it is, `harness images load FILE` here",
        )

    def _pull(self, reference: str, progress: Progress) -> str | None:
        """Pull an image; returns why that could not be done, None if it could."""
        if self._environ.get("HARNESS_PULL") == "never":
            return "HARNESS_PULL=never forbids pulling it"
        progress(reference, f"Pulling {reference}")
        name, tag = _split(reference)
        try:
            for message in self._api.pull(name, tag=tag, stream=True, decode=True):
                if "error" in message:
                    return f"pull: {message['error']}"
                if message.get("status") and "progress" not in message:
                    progress(reference, str(message["status"]))
        except SDK_ERRORS as error:
            if status(error) is None:
                raise as_ours(error, f"The image {reference} cannot be pulled", where=reference) from error
            return f"pull: {words(error)}"
        return None if self.find(reference) is not None else "pull: the engine says it is done, but has no such image"

    # -- images that a stack builds -----------------------------------------------------------------------------------

    def tag(self, spec: BuildSpec) -> str:
        """The tag of what this builds now: the hash of its inputs.

        Raises:
            ImageError: the context or the Dockerfile is missing.
        """
        return f"{PREFIX}/{spec.name.lower()}:{context.digest(spec, self._platform_name())}"

    def missing(self, specs: Iterable[BuildSpec]) -> tuple[BuildSpec, ...]:
        """Those whose image is not there yet, or stands on a base that has changed since."""
        return tuple(spec for spec in specs if self._current(self.tag(spec)) is None)

    def build(
        self,
        specs: Iterable[BuildSpec],
        progress: Progress = lambda _name, _line: None,
        *,
        parallel: int | None = None,
    ) -> dict[str, Built]:
        """Build what is not there yet, several at once; returns for each spec's name what there is now.

        Args:
            progress: called with an image's name and a line of its output, from any thread.
            parallel: builds at once; HARNESS_BUILDS, else as many as there are processors, four at most.

        Raises:
            ImageError: the first build that failed, after the others have ended.
            ImageMissing: an image that a Dockerfile stands on is neither here nor to be had.
        """
        wanted = tuple(specs)
        if not wanted:
            return {}
        done = concurrently([partial(self._provide, spec, progress) for spec in wanted], parallel or self._parallel())
        return {spec.name: built for spec, built in zip(wanted, done, strict=True)}

    def _parallel(self) -> int:
        text = self._environ.get("HARNESS_BUILDS") or str(min(DEFAULT_PARALLEL, os.cpu_count() or 1))
        if not text.isdigit() or int(text) < 1:
            raise UsageError("The number of parallel builds cannot be read", where="HARNESS_BUILDS", got=text,
                             expected="a whole number from 1 on")  # fmt: skip
        return int(text)

    def _provide(self, spec: BuildSpec, progress: Progress) -> Built:
        began = time.monotonic()
        tag = self.tag(spec)
        if (there := self._current(tag)) is not None:
            return Built(spec.name, tag, there.id, False, time.monotonic() - began)
        lock = f"image-{tag.rpartition(':')[2][:2]}"  # two digits: lock files stay, and 256 of them are enough
        with self._one_at_a_time(tag), state.lock(lock, self._environ, deadline=build.QUIET):
            there = self._current(tag)
            if there is None:
                self._build(spec, tag, progress)
            now = there or self.find(tag)
        if now is None:
            raise ImageMissing(f"The image of {spec.title} was gone as soon as it was built", where=tag,
                               hint="see whether something prunes the engine's images")  # fmt: skip
        return Built(spec.name, tag, now.id, there is None, time.monotonic() - began)

    def _build(self, spec: BuildSpec, tag: str, progress: Progress) -> None:
        text = context.read_dockerfile(spec)
        replacements, stands_on = {}, {}
        for needed in dockerfile.bases(text, spec.args):
            where = f"{spec.dockerfile_path}, line {needed.line}"
            taken = self.require(needed.reference, who=spec.title, where=where, progress=progress)
            if taken != needed.reference:
                replacements[needed.reference] = taken
            elif (facts := self.find(taken)) is not None:
                stands_on[needed.reference] = facts.id
        labels = {OURS: "image", NAME: spec.name, BASES: json.dumps(stands_on, sort_keys=True)}
        changed = dockerfile.substitute(text, replacements, spec.args)
        with self._leases.building():
            build.run(self._api, spec, tag, dockerfile=changed, labels=labels, progress=progress)

    def _current(self, tag: str) -> ImageFacts | None:
        """The image of a tag, unless a base that it was built on has been replaced on this engine since."""
        there = self.find(tag)
        if there is None:
            return None
        stood_on: dict[str, str] = json.loads(there.labels.get(BASES) or "{}")
        for reference, identity in stood_on.items():
            now = self.find(reference)
            if now is not None and now.id != identity:
                return None
        return there

    def _platform_name(self) -> str:
        if not self._platform:
            with translate("The engine's platform cannot be read"):
                version = self._api.version(api_version=False)
            self._platform = f"{version.get('Os', 'linux')}/{version.get('Arch', 'unknown')}"
        return self._platform

    def _one_at_a_time(self, key: str) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(key, threading.Lock())


def _split(reference: str) -> tuple[str, str | None]:
    """A reference's name and tag, `latest` where it has none; a digest stays in the name."""
    if "@" in reference:
        return reference, None
    name, colon, tag = reference.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (reference, "latest")


def _facts(raw: Mapping[str, Any]) -> ImageFacts:
    config = raw.get("Config") or {}
    ports = [port.partition("/") for port in config.get("ExposedPorts") or {}]
    pairs = (pair.partition("=") for pair in config.get("Env") or ())
    return ImageFacts(
        id=str(raw["Id"]),
        tags=tuple(raw.get("RepoTags") or ()),
        ports=tuple(sorted(int(number) for number, _, protocol in ports if protocol in ("", "tcp"))),
        command=tuple(config.get("Cmd") or ()),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        environment={key: value for key, _, value in pairs},
        healthcheck=tuple((config.get("Healthcheck") or {}).get("Test") or ()),
        size=int(raw.get("Size") or 0),
        labels=dict(config.get("Labels") or {}),
        datagrams=any(protocol not in ("", "tcp") for _, _, protocol in ports),
        volumes=tuple(sorted(config.get("Volumes") or ())),
    )
