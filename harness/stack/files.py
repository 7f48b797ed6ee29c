"""One Compose file made ready to merge: read, variables filled in, short forms written out, paths made absolute."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import StackError
from harness.stack import envfile, interpolate, merge, nodes, paths, shorthand, source
from harness.stack.mistakes import StackFindings, mistake, written
from harness.stack.nodes import Node, Scalar, SourceMapping
from harness.stack.plainwords import meant, one_of

_LONGEST_CHAIN = 50


@dataclass(frozen=True)
class Project:
    """What all files of one stack share.

    Attributes:
        file: the Compose file that was asked for.
        shown: how messages name it.
        variables: for interpolation: the environment over the `.env` file.
        findings: where mistakes and warnings go.
        room: how much may still be read for it.
    """

    file: Path
    shown: str
    variables: Mapping[str, str]
    findings: StackFindings
    room: interpolate.Room = field(default_factory=interpolate.Room)

    @property
    def directory(self) -> Path:
        """What paths in the file are relative to."""
        return self.file.parent

    def show(self, file: Path) -> str:
        """How messages name another file of the stack: relative to where the first was named from."""
        try:
            relative = os.path.relpath(file, self.directory)
        except ValueError:  # another drive
            return str(file)
        return os.path.normpath(Path(self.shown).parent / relative)

    def read(self, file: Path, shown: str, directory: Path) -> SourceMapping:
        """One file, ready to merge but for what its services extend; paths absolute from `directory`."""
        root = source.read(file, shown, self.room)
        root = interpolate.fields(root, self.variables, self.findings.no_value, self.room)
        return paths.absolute(shorthand.document(root), directory)

    def load(self, file: Path, shown: str) -> SourceMapping:
        """One file, ready to merge; paths are relative to the project's directory, as Compose has it."""
        root = self.read(file, shown, self.directory)
        services = root.get("services")
        if not isinstance(services, SourceMapping):
            return root
        extender = _Extender(self, {file: services})
        full = {name: extender.full(file, name, node, ()) for name, node in services.fields.items()}
        return root.having(services=replace(services, fields=full))


def project(file: Path, shown: str, environ: Mapping[str, str]) -> Project:
    """A project around its first file; reads the `.env` file beside it. Raises StackError."""
    findings = StackFindings(shown)
    beside = file.parent / ".env"
    found = Project(file, shown, environ, findings)
    if not paths.exists(beside) or paths.is_dir(beside):
        return found
    values = envfile.read(beside, found.show(beside), environ, unset=findings.no_value, room=found.room)
    return replace(found, variables={**values, **environ})


class _Extender:
    """Resolves `extends`, through as many services and files as it takes."""

    def __init__(self, of: Project, files: dict[Path, SourceMapping]) -> None:
        self.project = of
        self.files = files

    def full(self, file: Path, name: str, node: Node, chain: tuple[tuple[Path, str], ...]) -> Node:
        """The service with what it extends merged below it."""
        if not isinstance(node, SourceMapping) or "extends" not in node.fields:
            return node
        base_node = node.get("extends")
        own = node.having(extends=None)
        if base_node is None:
            return own
        if not isinstance(base_node, SourceMapping):
            raise mistake(
                "A service extends something that is not a service",
                base_node.place,
                got=written(base_node),
                expected="the name of a service, or {file: ..., service: ...}",
            )
        base_file, base_name = self.target(base_node, file, name)
        if (base_file, base_name) in (*chain, (file, name)) or len(chain) > _LONGEST_CHAIN:
            names = " -> ".join([*(one for _, one in chain), name, base_name])
            raise mistake(
                "Services extend each other in a circle", base_node.place, got=names, expected="a chain that ends"
            )
        services = self.services(base_file, base_node)
        found = services.fields.get(base_name)
        if not isinstance(found, SourceMapping):
            raise mistake(
                "A service extends one that does not exist",
                nodes.find(base_node, "service"),
                got=base_name,
                expected=one_of(services.fields) + meant(base_name, services.fields),
            )
        base = self.full(base_file, base_name, found, (*chain, (file, name)))
        return merge.fields(base, own, ("services", name)) if isinstance(base, SourceMapping) else own

    def target(self, node: SourceMapping, file: Path, name: str) -> tuple[Path, str]:
        """The file and the service that an `extends` names."""
        unknown = set(node.fields) - {"file", "service"}
        if unknown:
            key = next(key for key in node.fields if key in unknown)
            raise mistake("A key is not known", node.fields[key].place, got=key, expected="file, service")
        base, given = node.get("service"), node.get("file")
        if not isinstance(base, Scalar) or not isinstance(base.value, str) or not base.value:
            raise mistake(
                "A service extends something that is not a service",
                node.place,
                got=written(base) if base else f"no `service` for {name}",
                expected="the name of a service",
            )
        if given is None:
            return file, base.value
        if not isinstance(given, Scalar) or not isinstance(given.value, str):
            raise mistake("A path is not text", given.place, got=written(given), expected="the path of a file")
        return Path(given.value), base.value

    def services(self, file: Path, asked: SourceMapping) -> SourceMapping:
        """The services of a file, read once."""
        if file not in self.files:
            if not paths.exists(file):
                raise mistake(
                    "The file that a service extends does not exist",
                    nodes.find(asked, "file"),
                    got=str(file),
                    hint="the path is relative to the file that names it",
                )
            root = self.project.read(file, self.project.show(file), file.parent)
            services = root.get("services")
            if not isinstance(services, SourceMapping):
                raise StackError("The file has no services", where=str(root.place), expected="`services:`")
            self.files[file] = services
        return self.files[file]
