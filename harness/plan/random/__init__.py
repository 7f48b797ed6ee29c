"""Random plans: a base plan, changed by mutators that are drawn from a seed.

`generate(stack, old, new, seed, bounds)` gives a `RandomPlan`. See docs/plans.md.
"""

from harness.plan.random.draft import Element
from harness.plan.random.generate import Bounds, RandomPlan, generate

__all__ = ["Bounds", "Element", "RandomPlan", "generate"]
