"""Build contexts: what is sent to the engine, and the hash that names the image.

The same inputs give the same bytes and the same hash on every machine: entries are sorted, owners and times are
zero, and the permission bits that only a umask decides (write for group and others) are cleared. Everything else that
can change an image is in the hash: paths, kinds, modes, link targets, contents, the Dockerfile, arguments, target and
platform. What is excluded by `.dockerignore` is not.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from harness import reading
from harness.engine.ignore import Ignore
from harness.errors import ContextError

FORMAT = 1  # raised when the same inputs would be built differently
DOCKERFILE = ".rollback-harness.Dockerfile"  # the name under which the Dockerfile is sent, after substitution
MAX_ENTRIES = 200_000  # files and directories in a context; each of them is read for the image's name
_MODES = 0o7755
_CORRECT = "correct `build.context` in the Compose file; it is relative to that file"


@dataclass(frozen=True, slots=True)
class BuildSpec:
    """An image to be built.

    Attributes:
        name: of the image, `rollback-harness/<name>:<hash>`; usually the stack's and the service's.
        context: the directory.
        dockerfile: the file's path, relative to the context, or absolute.
        args: build arguments.
        target: the stage to stop at; None for the last.
        service: who needs it; for messages.
    """

    name: str
    context: Path
    dockerfile: str = "Dockerfile"
    args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    service: str = ""

    @property
    def dockerfile_path(self) -> Path:
        """Where the Dockerfile is."""
        return self.context / self.dockerfile

    @property
    def title(self) -> str:
        """For messages: the service if there is one, else the image."""
        return f"service `{self.service}`" if self.service else f"image `{self.name}`"


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of a context; `path` relative, with `/` between its parts."""

    path: str
    source: Path
    mode: int
    kind: str  # file, directory, link
    link: str = ""


def entries(spec: BuildSpec) -> tuple[Entry, ...]:
    """What the context holds after `.dockerignore`, sorted by path.

    Raises:
        ContextError: the context or the Dockerfile is missing, too large, or cannot be read.
    """
    if not spec.context.is_dir():
        raise ContextError(
            f"The build context of {spec.title} is not a directory",
            where=str(spec.context),
            got="a file" if spec.context.exists() else "nothing there",
            hint=_CORRECT,
        )
    if spec.context.resolve() == Path("/"):
        raise ContextError(
            f"The build context of {spec.title} is the whole machine",
            where=str(spec.context),
            got="the root directory, with /proc and /dev in it",
            expected="a directory that holds what the Dockerfile copies",
            hint=_CORRECT,
        )
    read_dockerfile(spec)  # missing: said before anything is walked
    found = []
    try:
        for entry in _walk(spec.context, "", _ignore(spec)):
            found.append(entry)
            if len(found) > MAX_ENTRIES:
                raise ContextError(
                    f"The build context of {spec.title} holds too much",
                    where=str(spec.context),
                    got=f"more than {MAX_ENTRIES} files and directories",
                    hint="exclude what the image does not need with .dockerignore",
                )
    except OSError as error:
        raise _unreadable(spec, error, Path(error.filename or spec.context)) from error
    return tuple(sorted(found, key=lambda entry: entry.path))


def read_dockerfile(spec: BuildSpec) -> str:
    """The Dockerfile's text.

    Raises:
        ContextError: it is missing, no regular file, too large or no text.
    """
    hint = "correct `build.dockerfile` in the Compose file; it is relative to the context"
    return reading.text(spec.dockerfile_path, f"The Dockerfile of {spec.title}", kind=ContextError, hint=hint)


def _ignore(spec: BuildSpec) -> Ignore:
    """The Dockerfile's own ignore file goes before the context's, as in BuildKit."""
    for path in (Path(f"{spec.dockerfile_path}.dockerignore"), spec.context / ".dockerignore"):
        if path.exists() and not path.is_dir():
            what = f"The .dockerignore of {spec.title}"
            return Ignore(reading.text(path, what, kind=ContextError).splitlines(), str(path))
    return Ignore()


def _unreadable(spec: BuildSpec, error: OSError, path: Path) -> ContextError:
    return ContextError(
        f"The build context of {spec.title} cannot be read",
        where=str(path),
        got=error.strerror or str(error),
        hint="fix its permissions, or exclude it with .dockerignore",
    )


def _walk(root: Path, prefix: str, ignore: Ignore) -> Iterator[Entry]:
    with os.scandir(root / prefix) as found:
        listed = list(found)
    for item in listed:
        path = f"{prefix}{item.name}"
        excluded = ignore.excludes(path)
        mode = item.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            if not excluded:
                yield Entry(path, Path(item.path), mode & _MODES, "directory")
            if not excluded or ignore.takes_back:  # something below may have been taken back
                yield from _walk(root, f"{path}/", ignore)
        elif excluded:
            continue
        elif stat.S_ISLNK(mode):
            yield Entry(path, Path(item.path), 0o777, "link", str(Path(item.path).readlink()))
        elif stat.S_ISREG(mode):
            yield Entry(path, Path(item.path), mode & _MODES, "file")
        # sockets, pipes and devices are not sent by Docker either


def digest(spec: BuildSpec, platform: str) -> str:
    """The hash of everything that the image is made of: 16 hexadecimal digits.

    Args:
        platform: the engine's, e.g. `linux/amd64`.

    Raises:
        ContextError: see `entries`.
    """
    whole, found = hashlib.sha256(), entries(spec)
    head = {
        "format": FORMAT,
        "platform": platform,
        "dockerfile": read_dockerfile(spec),
        "args": dict(sorted(spec.args.items())),
        "target": spec.target,
    }
    whole.update(json.dumps(head, sort_keys=True).encode())
    for entry in found:
        content = _content_digest(spec, entry) if entry.kind == "file" else ""
        line = [entry.path, entry.kind, entry.mode, entry.link, content]
        whole.update(json.dumps(line).encode("utf-8", "surrogateescape"))
    return whole.hexdigest()[:16]


def _content_digest(spec: BuildSpec, entry: Entry) -> str:
    try:
        with open(reading.opened(entry.source), "rb") as file:  # noqa: PTH123  (a descriptor)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(spec, error, entry.source) from error


def pack(spec: BuildSpec, dockerfile: str, into: IO[bytes]) -> None:
    """Write the context as a tar, with this text as the Dockerfile (under the name `DOCKERFILE`)."""
    with tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries(spec):
            info = tarfile.TarInfo(entry.path)
            info.mode = entry.mode
            if entry.kind == "directory":
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            elif entry.kind == "link":
                info.type, info.linkname = tarfile.SYMTYPE, entry.link
                tar.addfile(info)
            else:
                with open(reading.opened(entry.source), "rb") as file:  # noqa: PTH123  (a descriptor)
                    info.size = os.fstat(file.fileno()).st_size
                    tar.addfile(info, file)
        text = dockerfile.encode()
        info = tarfile.TarInfo(DOCKERFILE)
        info.mode, info.size = 0o644, len(text)
        tar.addfile(info, io.BytesIO(text))
