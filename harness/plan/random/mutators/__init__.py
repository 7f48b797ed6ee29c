"""Mutators: what makes a random plan out of the base plan. One file each; to add one is to add a file, here or in a
package of your own (docs/plans.md).

A mutator is the subclass of `Mutator` in a module here, and is known by the module's name: `double-load` for
`double_load.py`.
"""

from __future__ import annotations

import sys

from harness.plan.random.mutators._base import Ground, Mutator, Place
from harness.registry import Registry, the_class

__all__ = ["Ground", "Mutator", "Place", "find", "names"]

_REGISTRY = Registry("mutator", sys.modules[__name__], the_class(Mutator))  # type: ignore[type-abstract]
names, find = _REGISTRY.names, _REGISTRY.find
