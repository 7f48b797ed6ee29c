"""Paths in a Compose file, and looking at them without an exception for names that no file can have."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from harness.stack.nodes import Node, Scalar, SourceMapping, SourceSequence, text


def exists(path: Path) -> bool:
    """Whether there is anything at a path; False too for a name that is too long or holds a zero byte."""
    return os.path.exists(path)  # noqa: PTH110


def is_file(path: Path) -> bool:
    """As `exists`, for an ordinary file."""
    return os.path.isfile(path)  # noqa: PTH113


def is_dir(path: Path) -> bool:
    """As `exists`, for a directory."""
    return os.path.isdir(path)  # noqa: PTH112


def absolute(root: SourceMapping, directory: Path) -> SourceMapping:
    """The file with every path of its services made absolute from a directory."""
    services = root.get("services")
    if not isinstance(services, SourceMapping):
        return root
    full = {
        name: _service_paths(node, directory) if isinstance(node, SourceMapping) else node
        for name, node in services.fields.items()
    }
    return root.having(services=replace(services, fields=full))


def _service_paths(node: SourceMapping, directory: Path) -> SourceMapping:
    for key, part in (("build", "context"), ("extends", "file")):
        child = node.get(key)
        if isinstance(child, SourceMapping):
            node = node.having(**{key: _path(child, part, directory)})
    env_file = node.get("env_file")
    if isinstance(env_file, SourceSequence):
        items = (_path(item, "path", directory) if isinstance(item, SourceMapping) else item for item in env_file.items)
        node = node.having(env_file=replace(env_file, items=tuple(items)))
    volumes = node.get("volumes")
    if isinstance(volumes, SourceSequence):
        node = node.having(volumes=replace(volumes, items=tuple(_bind(item, directory) for item in volumes.items)))
    return node


def _bind(item: Node, directory: Path) -> Node:
    kind = item.get("type") if isinstance(item, SourceMapping) else None
    if isinstance(item, SourceMapping) and isinstance(kind, Scalar) and kind.value == "bind":
        return _path(item, "source", directory)
    return item


def _path(node: SourceMapping, key: str, directory: Path) -> SourceMapping:
    """The mapping with a path made absolute; addresses such as `https://...` stay."""
    child = node.get(key)
    if not isinstance(child, Scalar) or not isinstance(child.value, str) or "://" in child.value or "\0" in child.value:
        return node
    given = os.path.expanduser(child.value) if child.value.startswith("~") else child.value  # noqa: PTH111
    absolute = os.path.normpath(directory / given)
    return node.having(**{key: replace(text(absolute, child.place), text=child.text, tag=child.tag)})
