"""Gates on a machine that is too busy: that is no failure of the release, and no reason to pass a defect either."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from harness.selftest.gating import GateRunner
from harness.selftest.honesty import Runner
from harness.selftest.starvers import Starvers
from harness.selftest.table import Case, Result
from harness.selftest.throttle import Throttle
from harness.selftest.variants import GateVariant, Variants

CORES = os.cpu_count() or 1
CPUS = 0.1  # that a throttled replica has
HUNGER: Mapping[str, Mapping[str, float]] = {  # what starves a gate: how many of each kind beside it
    "processes": {"processes": 2 * CORES},
    "cpu": {"cpu": 4 * CORES},
    "disk": {"disk": 2},
    "throttled": {"throttle": CPUS},
    "everything": {"processes": CORES, "cpu": 2 * CORES, "disk": 1, "throttle": CPUS},
}


def table(variants: Variants, seed: int, *, clean: int, repeat: int, defects: int) -> Iterator[Case]:
    """So many gates of the clean stack, and `repeat` of each of the first `defects` defects, each starved in a way of
    its own as far as there are as many, in an order that the seed decides.
    """
    rng = random.Random(seed)  # noqa: S311 - it must be the same again
    gates: list[tuple[GateVariant, str]] = []
    groups = [variants.clean[:1] * clean, *((one,) * repeat for one in variants.defective[:defects])]
    for number, group in enumerate(groups):
        ways = list(HUNGER)
        rng.shuffle(ways)
        gates += [(variant, ways[(number + n) % len(ways)]) for n, variant in enumerate(group)]
    rng.shuffle(gates)
    for n, (variant, way) in enumerate(gates):
        yield Case(n, f"starved: {way}", variant, {"way": way, **HUNGER[way]})


@dataclass(frozen=True, slots=True)
class StarvedRunner(Runner):
    """Runs cases beside what starves them."""

    def run(self, case: Case, stop: threading.Event) -> Result:
        """Run one. Stopped when the event was set meanwhile."""
        counts = {kind: int(n) for kind, n in case.details.items() if kind in ("processes", "cpu", "disk")}
        with self.place(case) as directory, ExitStack() as stack:
            starvers = stack.enter_context(Starvers(counts, self.limit, self.directory))
            gate = GateRunner(case, self.stack, directory, limit=self.limit)
            throttle = Throttle(self.engine, gate.going, float(case.details.get("throttle", 0.0)))
            if "throttle" in case.details:
                stack.enter_context(throttle)
            ended = gate.wait(stop)
            stack.close()
            done: dict[str, Any] = {**starvers.done, **({"throttled": throttle.count} if throttle.count else {})}
            touches = tuple({"what": f"{kind}: {count}"} for kind, count in done.items() if count)
            # It counts only where all that was to starve it did.
            whole = touches if len(touches) == len(counts) + ("throttle" in case.details) else ()
            return self.judged(case, replace(ended, touches=whole))
