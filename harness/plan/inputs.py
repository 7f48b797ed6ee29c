"""What a stack is made of, by digest: the files that it is read and built from, and what it reads as, part by part.

Lines as `sha256sum` writes them, `<digest>  <path>`, the path from the Compose file's directory. Beside the files stand
the parts of the stack, `<digest>  (service web)`, `<digest>  (service web of release 4.1.1)`: they differ where a
variable has another value, and not where a file was only written otherwise (`harness.stack.digest`).
"""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import reading
from harness.engine.context import BuildSpec, Entry, entries
from harness.errors import HarnessError
from harness.stack import Stack
from harness.stack.digest import digests

MAX_FILES = 2000  # of one build context; a larger one is one line


@dataclass(frozen=True, slots=True)
class Changes:
    """How two lists of files differ, by path."""

    changed: tuple[str, ...]
    added: tuple[str, ...]
    gone: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.added or self.gone)

    def __str__(self) -> str:
        """`a changed; b new; c gone`, and how many more of each."""
        parts = [
            f"{_some(names)} {word}"
            for names, word in ((self.changed, "changed"), (self.added, "new"), (self.gone, "gone"))
            if names
        ]
        return "; ".join(parts)


def inputs(stack: Stack, releases: Sequence[str]) -> tuple[str, ...]:
    """Every file that these releases of a stack are read and built from, each once, sorted by path.

    Raises:
        HarnessError: a file or a build context cannot be read.
    """
    found: dict[str, str] = {}
    root = stack.file.parent
    overrides = [path for name in releases for path in stack.harness.releases.get(name, ())]
    for path in (stack.file, *stack.overrides, *(root / one for one in overrides)):
        found[shown(path, root)] = file_digest(path)
    for spec in _specs(stack, releases):
        found.update(_context(spec, root))
    for source in _mounted(stack, releases, root):
        found.update(_mount(source, root))
    for name in releases:
        found.update({migration: file_digest(root / migration) for migration in migration_files(stack, name)})
    return _lines({**found, **_read_as(stack, releases)})


def recorded(stack: Stack, releases: Sequence[str]) -> tuple[str, ...]:
    """The same, for the history of a run; the parts alone where a file cannot be read: whoever builds it says so."""
    try:
        return inputs(stack, releases)
    except HarnessError:
        return _lines(_read_as(stack, releases))


def count(lines: Iterable[str]) -> int:
    """How many files such a list names."""
    return sum(not path.startswith("(") for path in by_path(lines))


def parts(lines: Iterable[str]) -> dict[str, str]:
    """What of such a list is a part of the stack, and no file: digest by part, as `harness.stack.digest` has it."""
    return {path[1:-1]: digest for path, digest in by_path(lines).items() if path.startswith("(")}


def migration_files(stack: Stack, release: str) -> tuple[str, ...]:
    """The files that the stack's patterns say are migrations of a release, from the Compose file's directory; `*`
    stands for any release. Images need not hold them.
    """
    root = stack.file.parent
    name = release if release == "*" else glob.escape(release)
    made = [pattern.replace("{release}", name) for pattern in stack.harness.checklist.migrations]
    found = {path for pattern in made for path in glob.glob(pattern, root_dir=root, recursive=True)}  # noqa: PTH207
    return tuple(sorted(shown(root / path, root) for path in found if (root / path).is_file()))


def differing(before: Iterable[str], now: Iterable[str]) -> Changes:
    """What changed between two such lists."""
    was, new = by_path(before), by_path(now)
    return Changes(
        tuple(path for path in was if path in new and was[path] != new[path]),
        tuple(path for path in new if path not in was),
        tuple(path for path in was if path not in new),
    )


def by_path(lines: Iterable[str]) -> dict[str, str]:
    """Digest by path; a line that is none is left out."""
    pairs = (line.partition("  ") for line in lines)
    return {path: digest for digest, gap, path in pairs if gap and path}


def digest_of(lines: Iterable[str]) -> str:
    """One digest for a whole list."""
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")).hexdigest()


def file_digest(path: Path, most: int = 1 << 34) -> str:
    """The SHA-256 of a regular file.

    Args:
        most: bytes that it may have.

    Raises:
        HarnessError: it is not there, no regular file, or cannot be read.
    """
    try:
        with open(reading.opened(path), "rb") as file:  # noqa: PTH123  (a descriptor)
            if os.fstat(file.fileno()).st_size > most:
                raise HarnessError(
                    "A file is too large to be hashed", where=str(path), expected=f"{most} bytes or less"
                )
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise reading.unreadable(error, "A file of the checklist", where=str(path), kind=HarnessError) from None


def shown(path: Path, root: Path) -> str:
    """A path as it stands in the list: from the root where it is below or beside it; inert, whatever its name is."""
    return os.path.relpath(path, root).encode("utf-8", "backslashreplace").decode()


def _specs(stack: Stack, releases: Sequence[str]) -> Iterator[BuildSpec]:
    """A context for each image that any of the releases builds, each once."""
    seen: set[tuple[Path, str]] = set()
    for name in releases:
        for service in stack.at(name).services.values():
            if service.build is None or (key := (service.build.context, service.build.dockerfile)) in seen:
                continue
            seen.add(key)
            yield BuildSpec(service.name, service.build.context, service.build.dockerfile, service=service.name)


def _context(spec: BuildSpec, root: Path) -> Mapping[str, str]:
    dockerfile = spec.dockerfile_path
    found = {shown(entry.source, root): _entry_digest(entry) for entry in entries(spec) if entry.kind != "directory"}
    if len(found) > MAX_FILES:
        whole = digest_of(f"{digest}  {path}" for path, digest in sorted(found.items()))
        found = {f"{shown(spec.context, root)}/ ({len(found)} files)": whole}
    return {**found, shown(dockerfile, root): file_digest(dockerfile)}


def _mounted(stack: Stack, releases: Sequence[str], root: Path) -> Iterator[Path]:
    """What is mounted from beside the Compose file: it is configuration as much as what images hold."""
    services = (service for name in releases for service in stack.at(name).services.values())
    sources = {one.source for service in services for one in service.volumes if one.type == "bind" and one.source}
    yield from (path for path in map(Path, sorted(sources)) if path.is_relative_to(root) and path != root)


def _mount(source: Path, root: Path) -> Mapping[str, str]:
    if source.is_file():
        return {shown(source, root): file_digest(source)}
    found: dict[str, str] = {}
    for path in sorted(source.rglob("*")):
        if path.is_file() and not path.is_symlink():
            found[shown(path, root)] = file_digest(path)
        if len(found) > MAX_FILES:
            raise HarnessError(
                "A directory that a service mounts holds too much to be vouched for", where=str(source),
                got=f"more than {MAX_FILES} files", hint="mount the files that the service needs",
            )  # fmt: skip
    return found


def _entry_digest(entry: Entry) -> str:
    if entry.kind == "link":
        return hashlib.sha256(f"-> {entry.link}".encode("utf-8", "surrogateescape")).hexdigest()
    return file_digest(entry.source)


def _read_as(stack: Stack, releases: Sequence[str]) -> dict[str, str]:
    return {f"({part})": digest for part, digest in digests(stack, releases).items()}


def _lines(found: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{digest}  {path}" for path, digest in sorted(found.items()))


def _some(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
