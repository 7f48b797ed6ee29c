"""Differences by their cause: what follows from another difference is told with it, and not as one of its own.

A cause is one thing that somebody did, as far as names say so: a link that points elsewhere, with the files that came
or went where it points; a directory with what is in it; a table with its columns and indexes; a process with its
variables; an image with its packages; a server with its settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from posixpath import dirname, join, normpath

from harness.fingerprint.compare import Difference
from harness.fingerprint.parts import PARTS

OF_TABLE = ("column", "constraint", "trigger", "rule", "policy", "statistics")
Leads = Callable[[Difference], bool]


@dataclass(frozen=True, slots=True)
class Cause:
    """Differences of one replica that have one cause.

    Attributes:
        heads: the difference, or several that are told together.
        followers: what follows from it.
    """

    heads: tuple[Difference, ...]
    followers: tuple[Difference, ...] = ()

    @property
    def part(self) -> str:
        """The part of the fingerprint that it shows in."""
        return self.heads[0].part

    @property
    def kind(self) -> str:
        """What it is one of. Two causes of one kind may come of one action; those of different kinds need not."""
        key = self.heads[0].key
        if self.part == "files":
            return f"files below {'/'.join(key.split('/')[:3])}"
        return f"schema: {key.split()[0]}" if self.part == "schema" and key.split() else self.part

    @property
    def explains(self) -> int:
        """How many differences it explains."""
        return 1 + len(self.followers)


def causes(differences: Sequence[Difference]) -> list[Cause]:
    """The causes of one replica's differences, what explains most first."""
    leaders = [(one, leads) for one in differences if (leads := _leads(one)) is not None]
    led_by = {
        id(one): next((head for head, leads in leaders if head is not one and leads(one)), None) for one in differences
    }
    heads: dict[Hashable, list[Difference]] = {}
    followers: dict[int, list[Difference]] = {}
    for one in differences:
        top = _top(one, led_by)
        if top is one:
            heads.setdefault(_together(one), []).append(one)
        else:
            followers.setdefault(id(top), []).append(one)
    found = (
        Cause(tuple(group), tuple(led for one in group for led in followers.get(id(one), ())))
        for group in heads.values()
    )
    return sorted(found, key=lambda one: (-one.explains, PARTS.index(one.part) if one.part in PARTS else len(PARTS)))


def _top(one: Difference, led_by: dict[int, Difference | None]) -> Difference:
    """What leads it in the end. There are no circles: what leads follows at most a directory above it, or a link."""
    while (leader := led_by[id(one)]) is not None:
        one = leader
    return one


def _together(one: Difference) -> Hashable:
    """What is told in one sentence has the same; a sentence of its own has nothing in common."""
    if one.part == "packages":
        return one.part
    if one.part == "contents":
        return one.part, table_of(one.key)
    if one.part == "files" and _came_or_went(one) and _type(one) != "directory":
        return one.part, dirname(one.key), one.before is None
    return id(one)


def table_of(key: str) -> str:
    """The table of an item of `contents`: `plans` and `plans/name` are of `plans`."""
    return key.partition("/")[0]


def _came_or_went(one: Difference) -> bool:
    return one.before is None or one.after is None


def _type(one: Difference) -> str:
    item = one.after if one.before is None else one.before
    return str(item.get("type")) if isinstance(item, dict) else ""


def _leads(one: Difference) -> Leads | None:
    """Which other differences follow from this one; None where none can."""
    if one.part == "files":
        return _leads_files(one)
    if one.part == "image":
        return lambda other: other.part == "packages"
    if not (one.before in (None, 0) or one.after in (None, 0)):
        return None
    if one.part == "schema" and one.key.startswith("table "):
        return _leads_schema(one)
    if one.part == "processes":
        command = one.key.partition(" (user ")[0]
        return lambda other: (
            other.part == "environment" and any(command.startswith(who) for who in _owners(other.key) if who)
        )
    if one.part in ("servers", "roles"):
        mark = f"{one.key} " if one.part == "servers" else ""
        end = f" of role {one.key}"
        return lambda other: (
            other.part == "settings" and (other.key.startswith(mark) if mark else other.key.endswith(end))
        )
    return None


def _owners(key: str) -> Iterator[str]:
    """Whose a variable may be: `A of python3 -m backend`."""
    for found in re.finditer(" of ", key):
        yield key[found.end() :]


def _leads_files(one: Difference) -> Leads | None:
    if _came_or_went(one):
        if _type(one) != "directory":
            return None
        return lambda other: (
            other.part == "files"
            and other.key.startswith(f"{one.key}/")
            and (other.before is None, other.after is None) == (one.before is None, one.after is None)
        )
    targets = [
        normpath(join(dirname(one.key), item["target"]))
        for item in (one.before, one.after)
        if isinstance(item, dict) and item.get("target")
    ]
    if not targets or one.before.get("target") == one.after.get("target"):
        return None
    return lambda other: (
        other.part == "files"
        and _came_or_went(other)
        and any(other.key == target or other.key.startswith(f"{target}/") for target in targets)
    )


def _leads_schema(one: Difference) -> Leads:
    name = one.key.removeprefix("table ")
    index = re.compile(rf" ON (ONLY )?(public\.)?{re.escape(name)} ")
    own = tuple(f"{word} {name}." for word in OF_TABLE)

    def leads(other: Difference) -> bool:
        if other.part != "schema" or (other.before is None) != (one.before is None):
            return False
        said = str(other.after if other.before is None else other.before)
        return (
            other.key.startswith(own)
            or (other.key.startswith("index ") and bool(index.search(said)))
            or other.key.startswith((f"sequence {name}_", f"position of sequence {name}_"))
        )

    return leads
