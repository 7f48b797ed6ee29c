"""What a self-test gates: one stack, as it stands and with each of its defects.

The defects are the stack's own, so the harness does not know them. A file beside the Compose file names them:

    overrides: [compose.selftest.yaml]          # merged into the stack for every gate
    arguments: [--baseline, "2"]                # of every gate
    control: {overrides: [...], arguments: [--recovery]}    # what a gate needs beside these, to have a control
    variants:
      clean: {}
      half:  {defect: true, environment: {TINY_DEPLOYER: half}, overrides: [], arguments: []}

A variant with `defect: true` may never pass; every other may never fail. Paths count from the file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.errors import UsageError
from harness.stack import load, nodetree

FILE = "selftest.yaml"


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    overrides: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


class _Variant(_Block):
    defect: bool = False
    environment: Mapping[str, str] = Field(default_factory=dict)


class _File(_Block):
    control: _Block = Field(default_factory=_Block)
    variants: Mapping[str, _Variant] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class GateVariant:
    """One way to have the stack.

    Attributes:
        name: as in the file.
        defect: it may never pass; else it may never fail.
        environment: variables with which the stack is read.
        overrides: Compose files to merge into the stack.
        arguments: of `harness gate`.
    """

    name: str
    defect: bool
    environment: Mapping[str, str]
    overrides: tuple[Path, ...]
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variants:
    """A stack and its variants.

    Attributes:
        stack: the Compose file.
        file: that names the variants.
        all: of them, in the order of the file.
        control: what a gate needs beside its own to have a control: overrides and arguments; empty where it cannot.
    """

    stack: Path
    file: Path
    all: tuple[GateVariant, ...]
    control: tuple[tuple[Path, ...], tuple[str, ...]] = ((), ())

    def __getitem__(self, name: str) -> GateVariant:
        """One of them. KeyError where there is none of this name."""
        return next(one for one in self.all if one.name == name)

    @property
    def clean(self) -> tuple[GateVariant, ...]:
        """Those that may never fail."""
        return tuple(one for one in self.all if not one.defect)

    @property
    def defective(self) -> tuple[GateVariant, ...]:
        """Those that may never pass."""
        return tuple(one for one in self.all if one.defect)

    def check(self) -> None:
        """Read the stack in every variant, so that a mistake is told before the first gate.

        Raises:
            UsageError: of the stack, or there is no clean variant or no defect.
        """
        for one in self.all:
            load(self.stack, one.overrides, environ={**os.environ, **one.environment})
        if not self.clean or not self.defective:
            raise UsageError(
                "A self-test needs a clean variant and a defect",
                where=str(self.file),
                got=", ".join(one.name for one in self.all),
                expected="a variant without and one with `defect: true`",
                hint="a gate that never fails proves nothing, and neither does one that never passes",
            )


def read(stack: Path, file: Path | None = None) -> Variants:
    """The variants of a stack.

    Args:
        stack: its Compose file.
        file: that names them; None for `selftest.yaml` beside the stack.

    Raises:
        UsageError: the file is not there, or is not one.
    """
    path = file or stack.parent / FILE
    try:
        found = _File.model_validate(nodetree.plain(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "The variants of the stack cannot be read",
            where=str(path),
            got=getattr(error, "strerror", None) or str(error),
            expected="a file that names a clean variant and defects of the stack",
            hint="see docs/verdicts.md for an example, and name the file with --variants",
        ) from error
    except (yaml.YAMLError, ValidationError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        got = (
            f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
            if first
            else " ".join(str(error).split())
        )
        raise UsageError(
            "The file of variants is wrong", where=str(path), got=got, hint="see docs/verdicts.md"
        ) from error
    return Variants(
        stack=stack.absolute(),
        file=path,
        all=tuple(_variant(path.parent, found, name, one) for name, one in found.variants.items()),
        control=(_paths(path.parent, found.control.overrides), found.control.arguments),
    )


def _variant(directory: Path, file: _File, name: str, one: _Variant) -> GateVariant:
    return GateVariant(
        name=name,
        defect=one.defect,
        environment=dict(one.environment),
        overrides=_paths(directory, (*file.overrides, *one.overrides)),
        arguments=(*file.arguments, *one.arguments),
    )


def _paths(directory: Path, names: tuple[str, ...]) -> tuple[Path, ...]:
    return tuple((directory / name).absolute() for name in names)
