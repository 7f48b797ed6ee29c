"""A corpus: the overlays of a stack, defects and harmless variants, each a folder of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from harness.errors import UsageError
from harness.selftest.overlay import DEFECT, VARIANT, DefectFile, VariantFile, copy_stock, lay
from harness.stack import nodetree

FOLDERS = ("defects", "variants")  # beside the Compose file


@dataclass(frozen=True, slots=True)
class Overlay:
    """One of a corpus.

    Attributes:
        folder: where it is; its name is the overlay's.
        declared: what its file says.
    """

    folder: Path
    declared: DefectFile | VariantFile

    @property
    def name(self) -> str:
        """Its folder's name."""
        return self.folder.name

    @property
    def defect(self) -> DefectFile | None:
        """What is said of the defect; None of a harmless variant."""
        return self.declared if isinstance(self.declared, DefectFile) else None


@dataclass(frozen=True, slots=True)
class Corpus:
    """The overlays of a stack, by name: defects, then variants.

    Attributes:
        stack: the stock's Compose file.
        all: of them.
    """

    stack: Path
    all: tuple[Overlay, ...]

    def __getitem__(self, name: str) -> Overlay:
        """One of them. KeyError where there is none of this name."""
        for one in self.all:
            if one.name == name:
                return one
        raise KeyError(name)

    @property
    def defects(self) -> tuple[Overlay, ...]:
        """Those that may never pass."""
        return tuple(one for one in self.all if one.defect is not None)

    @property
    def variants(self) -> tuple[Overlay, ...]:
        """Those that may never fail."""
        return tuple(one for one in self.all if one.defect is None)

    def stack_of(self, overlay: Overlay | None, into: Path) -> tuple[Path, tuple[Path, ...]]:
        """A copy of the stock with an overlay, or as it is. Returns its Compose file, and those to merge into it.

        Raises:
            UsageError: the overlay does not fit the stock.
        """
        stack = copy_stock(self.stack, into)
        return stack, lay(overlay.folder, overlay.declared, into) if overlay is not None else ()


def read(stack: Path) -> Corpus:
    """The corpus beside a Compose file.

    Raises:
        UsageError: there is none, or a file of it is wrong.
    """
    found = [
        Overlay(path.parent, _read(path))
        for folder, name in zip(FOLDERS, (DEFECT, VARIANT), strict=True)
        for path in sorted((stack.parent / folder).glob(f"*/{name}"))
    ]
    corpus = Corpus(stack.absolute(), tuple(found))
    if not corpus.defects or not corpus.variants:
        raise UsageError(
            "The stack has no corpus",
            where=str(stack.parent),
            got=f"{len(corpus.defects)} defects, {len(corpus.variants)} variants",
            expected=f"{FOLDERS[0]}/NAME/{DEFECT} and {FOLDERS[1]}/NAME/{VARIANT}",
            hint="see docs/detection.md",
        )
    twice = {one.name for one in corpus.defects} & {one.name for one in corpus.variants}
    if twice:
        raise UsageError("Two overlays have one name", where=str(stack.parent), got=", ".join(sorted(twice)))
    return corpus


def _read(path: Path) -> DefectFile | VariantFile:
    kind: type[DefectFile | VariantFile] = DefectFile if path.name == DEFECT else VariantFile
    try:
        return kind.model_validate(nodetree.plain(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        got = " ".join(str(error).split())
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            got = f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
        raise UsageError("The overlay is wrong", where=str(path), got=got, hint="see docs/detection.md") from error
