"""A YAML file as a tree that remembers where everything was written.

Scalars are resolved as Compose resolves them (YAML 1.2 as yaml.v3 reads it): `on` and `yes` are text, `22:22` is text,
`010` is octal. Keys are always the text that was written, so that a release `4.10` stays `4.10`.
"""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from harness import reading
from harness.errors import StackError
from harness.stack import plainwords
from harness.stack.interpolate import Room
from harness.stack.nodes import Node, Scalar, SourceLocation, SourceMapping, SourceSequence, Tag
from harness.stack.nodetree import PREFIX, composed
from harness.stack.scalars import plain_value


def read(file: Path, shown: str | None = None, room: Room | None = None) -> SourceMapping:
    """The file's one document, which has to be a mapping.

    Args:
        file: what to read.
        shown: how messages name it.
        room: what may still be read for the stack.

    Raises:
        StackError: it cannot be read, is no YAML, or is no mapping.
    """
    name = shown or str(file)
    content = _text_of(file, name)
    if room is not None:
        room.take(len(content), name)
    return parse(content, name)


def parse(content: str, name: str) -> SourceMapping:
    """The tree of a YAML text. `name` stands for the file in messages. Raises StackError."""
    if len(content) > reading.SMALL:
        raise StackError(
            "The file is too large", where=name, got=f"{len(content)} characters", expected=f"{reading.SMALL} or fewer"
        )
    try:
        root = composed(content, name)
        if root is None:
            raise StackError("The file is empty", where=name, expected="a Compose file with `services:`")
        node = _Builder(name).node(root, SourceLocation(name, root.start_mark.line + 1))
    except yaml.YAMLError as error:
        raise plainwords.of_yaml(error, name, content) from None
    except ValueError:
        raise StackError("The file contains an invalid number", where=name, expected="a Compose file") from None
    if not isinstance(node, SourceMapping):
        raise StackError(
            "The file is not a Compose file",
            where=str(node.place),
            got="a list" if isinstance(node, SourceSequence) else f"the single value {plainwords.short(node.text)}",
            expected="a mapping with `services:`",
        )
    return node


def _text_of(file: Path, name: str) -> str:
    if os.path.isdir(file):  # noqa: PTH112  (no exception for an impossible name)
        found = sorted(path.name for pattern in ("*compose*.yaml", "*compose*.yml") for path in file.glob(pattern))
        raise StackError(
            "The Compose file is a directory",
            where=name,
            expected="a file",
            hint=f"name the file: {Path(name) / found[0]}" if found else "name a file",
        )
    return reading.text(file, "The file", name=name, kind=StackError)


class _Builder:
    """Turns PyYAML's nodes into ours."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.open: set[int] = set()

    def node(self, raw: yaml.Node, place: SourceLocation) -> Node:
        if id(raw) in self.open:
            raise StackError("The file's aliases never end", where=str(place), got="an anchor that contains itself")
        if isinstance(raw, yaml.ScalarNode):
            return _scalar(raw, place)
        self.open.add(id(raw))
        try:
            if isinstance(raw, yaml.MappingNode):
                return SourceMapping(self.fields(raw, place), place, _tag(raw, place, "map"))
            children: list[yaml.Node] = raw.value
            items = tuple(
                self.node(child, place.item(index).at(child.start_mark.line + 1))
                for index, child in enumerate(children)
            )
            return SourceSequence(items, place, _tag(raw, place, "seq"))
        finally:
            self.open.discard(id(raw))

    def fields(self, raw: yaml.MappingNode, place: SourceLocation) -> dict[str, Node]:
        own: dict[str, Node] = {}
        merged: list[tuple[yaml.Node, SourceLocation]] = []
        for key, value in raw.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise StackError("A key is not text", where=str(place.at(line)), expected="a word before the colon")
            name = _characters(key.value, place.at(line))
            at = place.key(name).at(line)
            if key.tag == "plain" and name == "<<":
                merged.append((value, at))
            elif name in own:
                raise StackError(
                    "A key appears twice in the same mapping",
                    where=str(at),
                    got=f"{name}, as already in line {own[name].place.line}",
                    expected="every key once",
                    hint="remove one of the two, or merge their contents",
                )
            else:
                own[name] = self.node(value, at)
        for value, at in merged:
            for key, node in self.merged(value, place, at).items():
                own.setdefault(key, node)
        return own

    def merged(self, raw: yaml.Node, place: SourceLocation, at: SourceLocation) -> dict[str, Node]:
        """What a `<<` brings in: the earlier of several mappings wins."""
        sources = raw.value if isinstance(raw, yaml.SequenceNode) else [raw]
        fields: dict[str, Node] = {}
        for source in sources:
            found = self.node(source, place)
            if not isinstance(found, SourceMapping):
                raise StackError(
                    "A merge key refers to something that is not a mapping",
                    where=str(at),
                    got=getattr(found, "text", "a list"),
                    expected="an alias of a mapping (<<: *name), or a list of them",
                )
            fields = {**found.fields, **fields}
        return fields


def _tag(raw: yaml.Node, place: SourceLocation, kind: str) -> Tag:
    if raw.tag in ("!reset", "!override"):
        return "reset" if raw.tag == "!reset" else "override"
    if raw.tag in (PREFIX + kind, "!"):
        return ""
    raise StackError(
        "A tag is not known",
        where=str(place),
        got=raw.tag.replace(PREFIX, "!!"),
        expected="!reset or !override, as Compose has them, or no tag",
    )


def _characters(written: str, place: SourceLocation) -> str:
    """The text with its characters whole: JSON writes some as two escapes, and one of them alone is no character."""
    try:
        return written.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise StackError(
            "A text holds half a character",
            where=str(place),
            got=plainwords.short(written),
            expected="both halves of the escape, or the character itself",
        ) from None


def _scalar(raw: yaml.ScalarNode, place: SourceLocation) -> Scalar:
    written = _characters(raw.value, place)
    if raw.tag in ("plain", "!reset", "!override"):
        plain = not raw.style  # None from PyYAML, empty from libyaml
        value = plain_value(written) if plain else written
        tag: Tag = "" if raw.tag == "plain" else _tag(raw, place, "")
        return Scalar(value, written, place, tag)
    if raw.tag.removeprefix(PREFIX) in ("int", "float", "bool", "null"):
        return Scalar(plain_value(written), written, place)
    _tag(raw, place, "str")
    return Scalar(written, written, place)
