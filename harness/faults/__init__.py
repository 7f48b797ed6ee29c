"""Faults: something injected, verified to bite, healed, verified to be gone. One file each.

To add one is to add a file, here or in a package of your own (docs/extending.md). A fault is the subclass of `Fault` in
a module here, and is known by the module's name, with that of its family where it has one: `slow-connect` for
`slow_connect.py`, `cache.stale` for `cache/stale.py`. It is pure data, a step of a plan; `harness.faults.injection`
runs it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from harness.errors import UsageError
from harness.faults._base import Active, Evidence, Fault, FaultContext, refuse
from harness.faults._links import LinkFault
from harness.registry import Registry, the_class

__all__ = ["Active", "Evidence", "Fault", "FaultContext", "LinkFault", "find", "from_data", "names"]

_BESIDES = {"docs", "holding", "injection"}  # modules here that are no faults
_REGISTRY = Registry("fault", sys.modules[__name__], the_class(Fault), _BESIDES, families=True)  # type: ignore[type-abstract]
names, find = _REGISTRY.names, _REGISTRY.find


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
