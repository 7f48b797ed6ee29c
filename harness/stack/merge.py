"""Two files as one: mappings merge, lists append, and what Compose replaces is replaced.

Works on trees whose short forms are written out (`shorthand`). `!reset` removes what was there before, `!override`
replaces it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness.stack.nodes import Node, Scalar, SourceMapping, SourceSequence

# Lists that are one value, by the end of their path. The last ones are commands of an x-harness block.
_ONE_VALUE = (
    ("command",),
    ("entrypoint",),
    ("healthcheck", "test"),
    ("deployer", "deploy"),
    ("deployer", "rollback"),
    ("redis", "depth"),
    ("redis", "oldest"),
    ("queue", "depth"),
    ("queue", "oldest"),
    ("readback",),
)
# Lists in which a value stands once.
_ONCE = {"cap_add", "cap_drop", "expose", "profiles", "tmpfs"}
# Mappings in which no value has a meaning of its own: the value of the environment.
_NULL_MATTERS = {"environment", "args"}


def merge(base: Node, over: Node, path: tuple[str, ...] = ()) -> Node:
    """`over` merged into `base`; the path is that of both from the file's root."""
    if over.tag == "override":
        return clean(over)
    if isinstance(base, SourceMapping) and isinstance(over, SourceMapping):
        return fields(base, over, path)
    if isinstance(base, SourceSequence) and isinstance(over, SourceSequence):
        if any(path[-len(end) :] == end for end in _ONE_VALUE):
            return clean(over)
        return replace(base, items=_unique((*base.items, *clean_items(over.items)), path))
    if isinstance(over, Scalar) and over.value is None and path[-2:-1] not in {(key,) for key in _NULL_MATTERS}:
        return base
    return clean(over)


def fields(base: SourceMapping, over: SourceMapping, path: tuple[str, ...] = ()) -> SourceMapping:
    """As `merge`, for mappings."""
    merged = dict(base.fields)
    for key, child in over.fields.items():
        if child.tag == "reset":
            merged.pop(key, None)
        elif key in merged:
            merged[key] = merge(merged[key], child, (*path, key))
        else:
            merged[key] = clean(child)
    return replace(base, fields=merged)


def clean(node: Node) -> Node:
    """A tree that has nothing below it to change: what is reset goes, and the tags with it."""
    if isinstance(node, SourceMapping):
        return clean_fields(node)
    if isinstance(node, SourceSequence):
        return replace(node, items=clean_items(node.items), tag="")
    return replace(node, tag="") if node.tag else node


def clean_fields(node: SourceMapping) -> SourceMapping:
    """As `clean`, for a mapping."""
    kept = {key: clean(child) for key, child in node.fields.items() if child.tag != "reset"}
    return replace(node, fields=kept, tag="")


def clean_items(items: Iterable[Node]) -> tuple[Node, ...]:
    """As `clean`, for the items of a list."""
    return tuple(clean(item) for item in items if item.tag != "reset")


def _unique(items: tuple[Node, ...], path: tuple[str, ...]) -> tuple[Node, ...]:
    """The items without those that a later one replaces, each where it first stood."""
    if path[:1] != ("services",) or len(path) != 3:
        return items
    found: dict[object, Node] = {}
    for index, item in enumerate(items):
        found[_identity(item, path[-1]) or index] = item
    return tuple(found.values())


def _identity(item: Node, key: str) -> object:
    """What makes an item of a list the same as another; None where nothing does."""
    if isinstance(item, Scalar):
        return ("value", item.text) if key in _ONCE else None
    if isinstance(item, SourceMapping):
        if key == "ports":
            return tuple(_text(item, part) for part in ("host_ip", "published", "target", "protocol"))
        if key == "volumes":
            return ("target", _text(item, "target"))
        if key == "env_file":
            return ("path", _text(item, "path"))
    return None


def _text(item: SourceMapping, key: str) -> str:
    child = item.get(key)
    default = "tcp" if key == "protocol" else ""
    return str(child.value) if isinstance(child, Scalar) else default
