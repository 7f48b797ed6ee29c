"""Probes: observations of an environment, recorded in its history. One file each; to add one is to add a file, here or
in a package of your own (docs/extending.md).

A probe is a module with one or both of two functions: `once(environment, history)` asks once, at the end of every phase
that is held, and `every_second(environment, history)` gives what is asked every second. Both ask for what the stack
declares, and for nothing where it declares nothing.

Every probe asks and records, and never judges. A replica that cannot be asked is recorded as such, with no value and
the error; nothing is guessed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from harness.history import History
from harness.probes._base import Observed, Probe, Sampled, Sampling
from harness.probes.replica import Answer, Replica, ask
from harness.registry import Registry

__all__ = [
    "Answer", "Observed", "Probe", "Replica", "Sampled", "Sampling", "added", "ask", "collect", "find", "names",
    "samplings",
]  # fmt: skip

# Modules here that are no probe of their own: what probes share, and what has a time of its own.
HELPERS = {"digest", "kernel", "logs", "many_answers", "open_files", "opened", "readback", "replica", "sampler"}

_REGISTRY: Registry[Probe] = Registry("probe", sys.modules[__name__], Probe.of, besides=HELPERS)
names, find, added = _REGISTRY.names, _REGISTRY.find, _REGISTRY.added


def collect(environment: Observed, history: History) -> None:
    """Ask everything once, and record the answers: releases, health, registry, queue, containers, ..."""
    for name in names():
        if (once := find(name).once) is not None:
            once(environment, history)


def samplings(environment: Sampled, history: History) -> Iterator[Sampling]:
    """Everything that is asked every second."""
    for name in names():
        if (every_second := find(name).every_second) is not None:
            yield from every_second(environment, history)
