"""PyYAML's nodes of a text, composed only after everything in it has been counted.

libyaml parses where PyYAML has it, as Compose does (yaml.v3 is a translation of it), twenty times as fast as Python
does. It is asked twice: for its events, which cost little and are counted, and then for the nodes. What it refuses,
PyYAML's own parser looks at again: it says what is wrong in more words, and takes the pairs of escapes that JSON has.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import yaml

from harness.errors import StackError
from harness.stack.nodes import SourceLocation

MAX_NODES = 100_000
DEEPEST = 60
PREFIX = "tag:yaml.org,2002:"

_Events = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Plain:
    """Leaves plain scalars unresolved, to be told from quoted ones."""

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: tuple[bool, bool] | bool) -> str:
        if kind is yaml.ScalarNode and isinstance(implicit, tuple):
            return "plain" if implicit[0] else PREFIX + "str"
        return super().resolve(kind, value, implicit)  # type: ignore[misc,no-any-return]


class _Slow(_Plain, yaml.SafeLoader):
    """PyYAML's own."""


class _Fast(_Plain, _Events):  # type: ignore[misc,valid-type]
    """libyaml's, or PyYAML's own where it was built without."""


def plain(content: str) -> Any:
    """What a text holds, as PyYAML has it, for files that are the harness's own. Raises yaml.YAMLError."""
    return yaml.load(content, Loader=_Events)  # noqa: S506 - it is a safe one


def composed(content: str, name: str) -> yaml.Node | None:
    """The node of a text's one document; None for an empty text.

    Raises:
        StackError: there are too many values in it, or it is nested too deeply.
        yaml.YAMLError: it is not YAML.
    """
    with contextlib.suppress(yaml.YAMLError):
        return _composed(content, name, _Fast)
    return _composed(content, name, _Slow)


def _composed(content: str, name: str, kind: Any) -> yaml.Node | None:
    count(content, name, kind)
    loader = kind(content)
    try:
        node: yaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


@dataclass
class _Part:
    """A value and what is in it: how many values before it, and with it; and how many levels it has."""

    anchor: str | None
    before: int
    values: int = 1
    levels: int = 1


def count(content: str, name: str, kind: Any = _Fast) -> None:
    """Refuse a text with too many values, those of an alias counted wherever it stands.

    Raises:
        StackError: at the line from which it is too much.
        yaml.YAMLError: it is not YAML, in front of that line.
    """
    known: dict[str, _Part] = {}
    inside: list[_Part] = []
    values = 0
    for event in yaml.parse(content, Loader=kind):
        part = None
        if isinstance(event, yaml.CollectionStartEvent):
            inside.append(_Part(event.anchor, values))
            values += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            part = inside.pop()
            part.values = values - part.before
        elif isinstance(event, yaml.ScalarEvent):
            part = _Part(event.anchor, values)
            values += 1
        elif isinstance(event, yaml.AliasEvent):
            # An alias to what is still open is refused by whoever makes the tree of it.
            part = known.get(event.anchor or "", _Part(None, values))
            values += part.values
        if part is not None:
            if part.anchor:
                known[part.anchor] = part
            if inside:
                inside[-1].levels = max(inside[-1].levels, part.levels + 1)
        if values > MAX_NODES or len(inside) + (part.levels if part else 0) > DEEPEST:
            raise StackError(
                "The file is too large, or nested too deeply",
                where=str(SourceLocation(name, event.start_mark.line + 1 if event.start_mark else 1)),
                got="aliases counted where they are used, it goes on from here",
                expected=f"{MAX_NODES} values or fewer, {DEEPEST} levels or fewer",
            )
