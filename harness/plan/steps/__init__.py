"""Steps: what a plan is made of. One file each; to add one is to add a file.

A step is the subclass of `Step` in a module here, and is known by the module's name: `read-back` for `read_back.py`.
It is pure data; `harness.plan.runner` runs it.
"""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module

from harness.errors import UsageError
from harness.plan.steps._base import Ended, Progress, Step

__all__ = ["Ended", "Progress", "Step", "find", "names"]


def names() -> tuple[str, ...]:
    """The names of all steps, sorted."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name.replace("_", "-") for name in modules if not name.startswith("_")))


def find(name: str) -> type[Step]:
    """The step of this name.

    Raises:
        UsageError: there is none.
    """
    if name not in names():
        raise UsageError("There is no such step", got=name, expected="one of " + ", ".join(names()))
    module = import_module(f"{__name__}.{name.replace('-', '_')}")
    (found,) = (
        one
        for one in vars(module).values()
        if inspect.isclass(one)
        and issubclass(one, Step)
        and one.__module__ == module.__name__
        and not inspect.isabstract(one)
    )
    return found
