"""The migrations that a release brings, and what a linter says of each: whether it is a one-way door."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness import reading
from harness.checklist import linter
from harness.checklist.document import Evidence, Item, State
from harness.errors import UsageError
from harness.plan.inputs import by_path, migration_files
from harness.stack import Stack

DIRECTORIES = ("migrations", "migrate", "versions")  # where files are taken for migrations if nothing is declared
SUFFIXES = (".sql", ".py", ".rb", ".js", ".ts", ".php", ".xml", ".yaml", ".yml")
NOT_ONE = ("__init__.py", "env.py", "README")
WHO = "somebody who knows the schema"


@dataclass(frozen=True, slots=True)
class Found:
    """The migrations between two releases.

    Attributes:
        new: by path, the digest: what the new release brings.
        either: what lies where no release is named; whose it is cannot be told.
        declared: the stack says where migrations are, and there are some of one release or another.
        nowhere: the stack says where they are, and nothing is there, whatever the release.
        changed: those that the old release has otherwise.
    """

    new: Mapping[str, str]
    either: tuple[str, ...] = ()
    declared: bool = False
    changed: tuple[str, ...] = ()
    nowhere: bool = False


def find(stack: Stack, old: str, new: str, files: Iterable[str]) -> Found:
    """The migrations that the new release brings: by the stack's patterns, else by the names of directories.

    Args:
        files: what the stack is made of (`harness.plan.inputs`).
    """
    there = {path: digest for path, digest in by_path(files).items() if not path.startswith("(")}
    if stack.harness.checklist.migrations:
        of_old, of_new = ({path: there[path] for path in migration_files(stack, name) if path in there}
                          for name in (old, new))  # fmt: skip
        found = _between(of_old, of_new)
        return replace(found, declared=bool(migration_files(stack, "*")), nowhere=not migration_files(stack, "*"))
    likely = {path: digest for path, digest in there.items() if _likely(path)}
    releases = list(stack.harness.releases)
    owned = {name: {p: d for p, d in likely.items() if name in Path(p).parts} for name in releases}
    nobodys = tuple(path for path in likely if not any(path in owned[name] for name in releases))
    return replace(_between(owned.get(old, {}), owned.get(new, {})), either=nobodys)


def items(stack: Stack, found: Found) -> list[Item]:
    """An item for each migration: ticked where the linter found no one-way door, else for a person to look at."""
    return [_item(stack, path, digest) for path, digest in found.new.items()]


def _item(stack: Stack, path: str, digest: str) -> Item:
    name = re.sub(r"[^a-z0-9_-]+", "-", Path(path).stem.lower()).strip("-")[:40] or "file"
    key, title = f"release.migration.{name}-{digest[:4]}", f"Migration {Path(path).name} is no one-way door"
    state, why, who = State.OPEN, "only SQL can be looked into", WHO
    evidence = [Evidence("file", f"sha256 {digest}", path)]
    if path.endswith(".sql"):
        state, why, who, said = _linted(stack, path)
        evidence += [Evidence("linter", line, linter.NAME) for line in said]
    valid_for = stack.harness.checklist.valid_for
    because = "a rollback does not bring back what a migration removed"
    return Item(key, "releases", title, state, why, who, because, tuple(evidence), valid_for=valid_for)


def _linted(stack: Stack, path: str) -> tuple[State, str, str, tuple[str, ...]]:
    try:
        text = reading.text(stack.file.parent / path, "The migration")
        said = linter.lint(text)
    except UsageError as error:
        return State.OPEN, f"it cannot be looked into: {error.what}", WHO, ()
    except linter.NoLinter as error:
        return State.UNKNOWN, error.what, "", ()
    remarks = f", {len(said.remarks)} remarks" if said.remarks else ""
    if said.doors:
        return State.OPEN, f"one-way: {'; '.join(said.doors)}", WHO, (*said.doors, *said.remarks)
    if said.unread:
        return State.OPEN, f"the linter cannot look into all of it: {said.unread}", WHO, (said.unread, *said.remarks)
    return State.TICKED, f"{said.by} finds no one-way door{remarks}", "", (f"{said.by}: no one-way door", *said.remarks)


def _between(of_old: Mapping[str, str], of_new: Mapping[str, str]) -> Found:
    """What is new by name or by content. The same file under another release's directory is the same migration."""
    known = {(Path(path).name, digest) for path, digest in of_old.items()}
    names = {Path(path).name for path in of_old}
    new = {path: digest for path, digest in of_new.items() if (Path(path).name, digest) not in known}
    changed = tuple(path for path in new if Path(path).name in names)
    return Found(new, changed=changed)


def _likely(path: str) -> bool:
    one = Path(path)
    return one.suffix in SUFFIXES and one.name not in NOT_ONE and any(part in DIRECTORIES for part in one.parts[:-1])
