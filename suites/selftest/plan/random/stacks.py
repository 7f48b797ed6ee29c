"""The stacks that random plans are drawn for: from the smallest that can be gated to the reference stack."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from fixtures import reference, rolling, tiny
from harness.plan.random import Bounds, RandomPlan, generate
from harness.stack import Stack, load


@dataclass(frozen=True)
class Drawn:
    """A stack and its releases."""

    stack: Stack
    old: str
    new: str

    def plan(self, seed: int, bounds: Bounds | None = None) -> RandomPlan:
        return generate(self.stack, self.old, self.new, seed, bounds)


def minimal() -> Stack:
    """The tiny stack with one replica and nothing declared that a gate can do without."""
    plain = load(tiny.STACK, environ={})
    web = plain.services["web"].model_copy(update={"replicas": 1})
    probes = plain.harness.probes.model_copy(update={"registry": None, "queue": None})
    harness = plain.harness.model_copy(update={"logs": {}, "probes": probes})
    return plain.model_copy(update={"services": {**plain.services, "web": web}, "harness": harness})


STACKS = {
    "tiny": Drawn(load(tiny.STACK, environ={}), "1.0.0", "1.1.0"),
    "reference": Drawn(load(reference.STACK, environ={}), "4.1.0", "4.1.1"),
    "rolling": Drawn(load(rolling.STACK, environ={}), "1.0.0", "1.1.0"),
    "minimal": Drawn(minimal(), "1.0.0", "1.1.0"),
}


@cache
def usual(name: str, seed: int) -> RandomPlan:
    """A plan within the usual bounds, drawn once: many tests look at the same ones."""
    return STACKS[name].plan(seed)
