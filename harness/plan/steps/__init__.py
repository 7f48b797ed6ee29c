"""Steps: what a plan is made of. One file each; to add one is to add a file, here or in a package of your own
(docs/extending.md).

A step is the subclass of `Step` in a module here, and is known by the module's name: `read-back` for `read_back.py`.
It is pure data; `harness.plan.runner` runs it.
"""

from __future__ import annotations

import sys

from harness.plan.steps._base import DEPLOYED, FAULT, LEFT, Duration, InPhase, PhaseName, PlanEnded, Progress, Step
from harness.registry import Registry, the_class

__all__ = [
    "DEPLOYED", "FAULT", "LEFT", "Duration", "InPhase", "PhaseName", "PlanEnded", "Progress", "Step", "find", "names",
]  # fmt: skip

_REGISTRY = Registry("step", sys.modules[__name__], the_class(Step))  # type: ignore[type-abstract]
names, find = _REGISTRY.names, _REGISTRY.find
