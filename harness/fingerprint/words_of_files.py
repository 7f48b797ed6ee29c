"""Differences of files in words: what changed one by one, what is more or fewer by directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from posixpath import dirname
from typing import Any

MAX_NAMED = 4  # files of a group that are named

Found = tuple[str, Any, Any]


def files(found: Iterable[Found]) -> Iterator[str]:
    """The sentences, links first: they say what runs. A value is {type, mode, owner, size, sha256, target}."""
    every = list(found)
    changed = [one for one in every if one[1] is not None and one[2] is not None]
    changed.sort(key=lambda one: one[2].get("type") != "link")
    for path, before, after in changed:
        yield f"{shown(path)} " + "; ".join(_changes(before, after))
    yield from _grouped({path: after for path, before, after in every if before is None}, "more", "is new")
    yield from _grouped({path: before for path, before, after in every if after is None}, "fewer", "is gone")


def shown(path: str) -> str:
    """A path, on one line; bytes that are not UTF-8 as `\\udcNN`."""
    return repr(path)[1:-1].replace("\\'", "'") if not path.isprintable() else path


def _changes(before: Any, after: Any) -> Iterator[str]:
    if before["type"] != after["type"]:
        yield f"is a {after['type']}, before: a {before['type']}"
        return
    if before.get("target") != after.get("target"):
        yield f"points to {shown(after['target'])}, before: {shown(before['target'])}"
    if (before.get("sha256"), before.get("size")) != (after.get("sha256"), after.get("size")):
        yield f"has other content ({after.get('size')} bytes, before: {before.get('size')})"
    if before.get("mode") != after.get("mode"):
        yield f"has mode {after['mode']}, before: {before['mode']}"
    if before.get("owner") != after.get("owner"):
        yield f"belongs to {after['owner']}, before: {before['owner']}"


def _grouped(paths: dict[str, Any], word: str, state: str) -> Iterator[str]:
    """Whole directories with what is below them, then the others by the directory that they are in."""
    trees: dict[str, list[str]] = {}
    for path in paths:
        top = path
        while (above := dirname(top)) in paths and above != top:
            top = above
        trees.setdefault(top, []).extend([path] if path != top else [])
    loose: dict[str, list[str]] = {}
    for top, below in trees.items():
        if paths[top].get("type") == "directory" and below:
            yield f"{len(below)} {_files(below)} {word} below {shown(top)}/ ({_named(below, top)})"
        else:
            loose.setdefault(dirname(top), []).append(top)
    for directory, found in loose.items():
        if len(found) == 1:
            yield f"{paths[found[0]].get('type', 'file')} {shown(found[0])} {state}"
        else:
            yield f"{len(found)} {_files(found)} {word} below {shown(directory)}/ ({_named(found, directory)})"


def _files(found: list[str]) -> str:
    return "file" if len(found) == 1 else "files"


def _named(found: list[str], directory: str) -> str:
    names = [shown(path.removeprefix(f"{directory}/")) for path in sorted(found)]
    return ", ".join(names[:MAX_NAMED]) + (", ..." if len(names) > MAX_NAMED else "")
