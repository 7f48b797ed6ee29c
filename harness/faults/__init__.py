"""Faults: something injected, verified to bite, healed, verified to be gone. One file each.

To add one is to add a file. A fault is the subclass of `Fault` in a module here, and is known by the module's name:
`slow-connect` for `slow_connect.py`. It is pure data, a step of a plan; `harness.faults.injection` runs it.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from harness.errors import UsageError
from harness.faults._base import Active, Evidence, Fault, Scene, refuse

__all__ = ["Active", "Evidence", "Fault", "Scene", "find", "from_data", "names"]
PUBLIC = {"injection"}  # modules here that are no fault


def names() -> tuple[str, ...]:
    """The names of all faults, sorted."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name.replace("_", "-") for name in modules if not name.startswith("_") and name not in PUBLIC))


def find(name: str) -> type[Fault]:
    """The fault of this name, with `-` or `_`.

    Raises:
        UsageError: there is none.
    """
    wanted = name.replace("_", "-")
    if wanted not in names():
        raise UsageError("There is no such fault", got=name, expected="one of " + ", ".join(names()))
    module = import_module(f"{__name__}.{wanted.replace('-', '_')}")
    (found,) = (
        one
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, Fault) and one.__module__ == module.__name__
    )
    return found


def from_data(data: Mapping[str, Any]) -> Fault:
    """A fault from a plan's step: `{"fault": "latency", "from": "backend-2", "to": "cache", "ms": 300}`.

    Raises:
        UsageError: no such fault, or its parameters are not such.
    """
    rest = dict(data)
    name = rest.pop("fault", None)
    if not isinstance(name, str):
        raise UsageError(
            "A fault has no name", where=f"step {dict(data)}", expected="fault: one of " + ", ".join(names())
        )
    with refuse(name):
        return find(name).model_validate(rest)
