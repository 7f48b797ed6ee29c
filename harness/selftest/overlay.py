"""An overlay: what makes a stack that has a defect, or a harmless variant, out of a stock stack.

It is a folder with one file that says what it is (`defect.yaml` or `variant.yaml`), and how it is laid over the stock:

    edits:                          # text of the stock, replaced; the stock must have it, so often and not otherwise
      - {in: releases/4.1.1/backend/web.py, old: "...", new: "..."}
    overrides: [compose.yaml]       # Compose files of the folder, merged into the stack
    gate: [--soak, 5m]              # what its gate is told: a soak, and nothing else
    files/                          # below it, files that the stock does not have, at their places

The copy that comes of it does not say what was done to it. A stock that has changed meanwhile is refused, because an
overlay that changes nothing would be a defect that nobody can find.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from harness.errors import UsageError
from harness.stack.quantities import seconds

DEFECT, VARIANT = "defect.yaml", "variant.yaml"
FILES = "files"  # of an overlay's folder: what it adds
OF_OVERLAYS = frozenset({DEFECT, VARIANT, FILES})
Data = Literal["cache", "queue", "schema", "records"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _soak(words: tuple[str, ...]) -> tuple[str, ...]:
    """A soak, and nothing else: with any other word a gate might see what it does not see of a team's own release.

    Raises:
        ValueError: it is something else.
    """
    if words and (len(words) != 2 or words[0] != "--soak"):
        raise ValueError("a gate may be told to soak, and nothing else: [--soak, 5m]")
    if words:
        seconds(words[1])
    return words


Words = Annotated[str, Field(min_length=1)]
Listed = Annotated[tuple[Words, ...], BeforeValidator(_listed), Field(min_length=1)]
Soaking = Annotated[tuple[Words, ...], AfterValidator(_soak)]


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Edit(_Block):
    """Text of the stock that is replaced: in each of the files, exactly `times` times."""

    in_: Listed = Field(alias="in")
    old: Words
    new: str
    times: int = Field(default=1, ge=1)


class Look(_Block):
    """What is run in a replica, or in the first one of a service, and what its output shows (regular expressions) here
    and on the stock.
    """

    in_: Words = Field(alias="in")
    run: Words
    shows: Words
    stock: Words


class Proof(_Block):
    """That a defect is one, seen without the gate: the deployer's commands, then looks."""

    after: tuple[Literal["deploy", "rollback"], ...] = ()
    changes: bool = False  # the looks change what others would see, so they get a stock stack of their own
    looks: tuple[Look, ...] = Field(min_length=1)


class _Overlay(_Block):
    about: Words
    edits: tuple[Edit, ...] = ()
    overrides: tuple[Words, ...] = ()
    gate: Soaking = ()  # what `harness gate` is told for this one: how long to soak, where it takes minutes to be seen

    @property
    def soak(self) -> float:
        """Seconds by which its gate takes longer than others."""
        return seconds(self.gate[1]) if self.gate else 0.0


class DefectFile(_Overlay):
    """`defect.yaml`: a known way to get deploy or rollback wrong."""

    class_: int = Field(alias="class", ge=1, le=23)
    suffers: Words
    data: Data | None = None  # that one release wrote and the other reads
    modelled_on: Listed
    named_by: Listed  # a verdict that says one of these (regular expressions) names the cause
    proof: Proof


class VariantFile(_Overlay):
    """`variant.yaml`: a difference that is none of the gate's business."""

    harmless: Words  # why


def copy_stock(stack: Path, into: Path) -> Path:
    """A copy of the directory of a Compose file, without its overlays. Returns the Compose file of the copy."""
    compiled = shutil.ignore_patterns("__pycache__", "*.pyc")

    def ignored(directory: str, names: list[str]) -> set[str]:
        folders = (name for name in names if _is_overlay(Path(directory, name)))
        return {*compiled(directory, names), *(OF_OVERLAYS & set(names)), *folders}

    shutil.copytree(stack.parent, into, ignore=ignored)
    return into / stack.name


def _is_overlay(folder: Path) -> bool:
    """A folder that holds an overlay and nothing that an image takes: it would tell a name, and nothing else."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return bool(names & OF_OVERLAYS) and names <= OF_OVERLAYS


def lay(folder: Path, declared: DefectFile | VariantFile, root: Path) -> tuple[Path, ...]:
    """Lay an overlay over a copy of the stock. Returns the Compose files to merge.

    Args:
        folder: the overlay's.
        root: the directory of the copy.

    Raises:
        UsageError: the stock is not what the overlay was made for.
    """
    for number, edit in enumerate(declared.edits, 1):
        for name in edit.in_:
            _edit(folder, number, edit, _within(root, name, folder))
    _add(folder, root)
    overrides = []
    for number, name in enumerate(declared.overrides, 1):
        source, target = folder / name, root / f"override-{number}.yaml"
        if not source.is_file():
            raise _refused(folder, f"no {name}", "a Compose file of the overlay's folder")
        shutil.copyfile(source, target)
        overrides.append(target)
    return tuple(overrides)


def _edit(folder: Path, number: int, edit: Edit, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = text.count(edit.old)
    if found != edit.times:
        raise _refused(
            folder,
            f"edit {number}: {path.name} has this {found} times: {edit.old.strip().splitlines()[0]!r}",
            f"{edit.times} times",
        )
    path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")


def _add(folder: Path, root: Path) -> None:
    for source in sorted((folder / FILES).rglob("*")):
        if source.is_dir():
            continue
        target = root / source.relative_to(folder / FILES)
        if target.exists():
            raise _refused(folder, f"{FILES}/{source.relative_to(folder / FILES)}: the stock has this file", "an edit")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def _within(root: Path, name: str, folder: Path) -> Path:
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()) or not path.is_file():
        raise _refused(folder, f"no {name}", "a file of the stock")
    return path


def _refused(folder: Path, got: str, expected: str) -> UsageError:
    return UsageError(
        "The overlay does not fit the stock any more",
        where=str(folder),
        got=got,
        expected=expected,
        hint="look at what changed in the stock, and correct the overlay so that it means the same again",
    )
