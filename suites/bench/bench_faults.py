"""How long each fault takes to be injected, to bite, and to be healed and seen to be gone.

    python -m suites.bench.bench_faults [--stack fixtures/reference/compose.yaml] [--only cache.stale ...]

Every fault that the gate can inject into the stack, and some more, one after the other under the declared load. Prints
seconds; `-` for what did not bite within ten seconds, and why for what is not available.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fixtures import reference
from harness.engine import Engine
from harness.errors import FaultUnavailable, FaultUnproven, HarnessError
from harness.events import FaultHeal
from harness.faults.injection import Faults
from harness.history import History
from harness.plan.cases import possible
from harness.plan.run_id import new_run_id
from harness.plan.subject import Subject
from harness.plan.trial import Trial
from harness.stack import load

ONE = "backend-1"
MORE: Mapping[str, Mapping[str, Any]] = {
    "database.locked": {"table": "history"}, "database.full": {}, "log.unwritable": {},
    "disk.full": {"on": ONE, "path": "/opt"}, "process.restarted": {"on": ONE}, "process.memory": {"on": ONE},
    "process.cpu-neighbour": {"on": ONE}, "dns.failing": {"on": ONE, "to": "database"},
    "dns.stale": {"on": ONE, "to": "cache"}, "health.lies": {"to": "backend"},
    "http.slow": {"from": "lb", "to": "backend", "ms": 100},
    "http.cut": {"from": "lb", "to": "backend", "fraction": 0.1}, "jitter": {"from": "all", "to": "cache", "ms": 20},
    "reset": {"from": "backend", "to": "cache"}, "down": {"from": ONE, "to": "database"},
}  # fmt: skip
BITES_WITHIN = 10.0  # s
SETTLE = 2.0  # s of load between two


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--stack", type=Path, default=reference.STACK)
    parser.add_argument("--only", action="append")
    options = parser.parse_args(arguments)
    stack = load(options.stack)
    steps = {**possible(stack), **(MORE if options.stack == reference.STACK else {})}
    wanted = {name: more for name, more in sorted(steps.items()) if not options.only or name in options.only}
    history = History()
    with Engine.connect() as engine:
        release = next(iter(stack.harness.releases))
        environment = Subject(engine, stack, release, history, run=new_run_id(), test="bench", seed=1)
        with history.scope(environment=environment.id), environment, Trial(environment) as trial:
            trial.workload.start()
            time.sleep(SETTLE)
            Faults(environment).mark("before")
            print(f"{'fault':32} {'inject':>7} {'bite':>7} {'heal':>7}")
            for name, more in wanted.items():
                print(f"{name:32} {measured(trial, {'fault': name, **more})}", flush=True)
                time.sleep(SETTLE)


def measured(trial: Trial, step: dict[str, Any]) -> str:
    """Seconds to inject, to bite and to heal, as columns."""
    began = time.monotonic()
    injected = bitten = None
    try:
        with Faults(trial.environment).step(step) as on:
            injected = time.monotonic() - began
            try:
                on.bites(within=BITES_WITHIN)
                bitten = time.monotonic() - began - injected
            except FaultUnproven:
                pass
    except FaultUnproven:
        pass
    except FaultUnavailable as error:
        return f"not available: {error.got}"
    except HarnessError as error:
        return f"failed: {error.what}"
    healed = trial.history.of(FaultHeal)[-1].body
    columns = (injected, bitten, healed.seconds if healed.gone else None)
    return " ".join(f"{one:7.2f}" if one is not None else f"{'-':>7}" for one in columns)


if __name__ == "__main__":
    main()
