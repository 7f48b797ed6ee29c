"""The tree that a YAML file is read into: every value knows where it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from harness.stack import plainwords

_PLAIN = re.compile(r"[\w-]{1,80}")
Tag = Literal["", "reset", "override"]


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """Where something is written: the file as the user named it, the line from 1 and the dotted path of the key."""

    file: str
    line: int
    path: str = ""

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}" + (f": {self.path}" if self.path else "")

    def key(self, key: str) -> SourceLocation:
        """The place of a key below this one, on the same line until something better is known."""
        written = key if _PLAIN.fullmatch(key) else f'"{plainwords.short(key)}"'
        return SourceLocation(self.file, self.line, f"{self.path}.{written}" if self.path else written)

    def item(self, index: int) -> SourceLocation:
        """The place of an item of a list."""
        return SourceLocation(self.file, self.line, f"{self.path}[{index}]")

    def at(self, line: int) -> SourceLocation:
        """The same path on another line."""
        return SourceLocation(self.file, line, self.path)


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value, and the text that it was written as."""

    value: str | int | float | bool | None
    text: str
    place: SourceLocation
    tag: Tag = ""


@dataclass(frozen=True, slots=True)
class SourceSequence:
    """A list."""

    items: tuple[Node, ...]
    place: SourceLocation
    tag: Tag = ""


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """A mapping, in the order of the file."""

    fields: Mapping[str, Node]
    place: SourceLocation
    tag: Tag = ""

    def get(self, key: str) -> Node | None:
        """The value of a key, None where the key is missing or its value is null."""
        node = self.fields.get(key)
        return None if isinstance(node, Scalar) and node.value is None else node

    def having(self, **changes: Node | None) -> SourceMapping:
        """The same mapping with some keys set, or left out where None is given."""
        fields = {key: node for key, node in self.fields.items() if key not in changes}
        return replace(self, fields=fields | {key: node for key, node in changes.items() if node is not None})


Node = Scalar | SourceSequence | SourceMapping


def text(value: str, place: SourceLocation) -> Scalar:
    """A scalar that stands for a text."""
    return Scalar(value, value, place)


def find(node: Node, *path: str | int) -> SourceLocation:
    """The place of the deepest part of a path that exists below a node."""
    for part in path:
        if isinstance(node, SourceMapping) and str(part) in node.fields:
            node = node.fields[str(part)]
        elif isinstance(node, SourceSequence) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
        else:
            break
    return node.place


def walk(node: Node) -> Iterator[Node]:
    """A node and everything below it."""
    yield node
    below = (
        node.items
        if isinstance(node, SourceSequence)
        else node.fields.values()
        if isinstance(node, SourceMapping)
        else ()
    )
    for child in below:
        yield from walk(child)
