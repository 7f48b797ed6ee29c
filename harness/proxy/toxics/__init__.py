"""The toxics, one per file. A file here that defines a `Stage` with a `type` adds that toxic."""

from __future__ import annotations

import importlib
import pkgutil

from .base import Admission, End, Sink, Stage, Toxic

__all__ = ["TYPES", "Admission", "End", "Sink", "Stage", "Toxic"]


def _find() -> dict[str, type[Stage]]:
    found: dict[str, type[Stage]] = {}
    for entry in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{entry.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Stage) and hasattr(value, "type"):
                found[value.type] = value
    return found


TYPES: dict[str, type[Stage]] = _find()
