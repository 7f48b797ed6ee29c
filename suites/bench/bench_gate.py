"""How long the gate takes on the reference stack, and where the time goes.

    python -m suites.bench.bench_gate [--rounds 1]

Images first, so that they are not in the figures.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from fixtures import reference
from harness.engine import Engine
from harness.environment.images import ensure_images
from harness.events import RunStart
from harness.plan.gate import Gate
from harness.plan.gating import run_gate
from harness.plan.run import Options, Run
from harness.report import Report
from harness.stack import load

GOAL = 60.0  # s


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=1)
    rounds = parser.parse_args(arguments).rounds
    stack = load(reference.STACK)
    with Engine.connect() as engine, tempfile.TemporaryDirectory() as out:
        ensure_images(engine, stack)
        for _ in range(rounds):
            began = time.monotonic()
            with Run(engine, Options(out=Path(out)), RunStart(stack=stack.name)) as run:
                run.start()
                verdict = run_gate(run, Gate(stack, "4.1.0", "4.1.1"))
                wall = time.monotonic() - began
                print(f"gate: {verdict.outcome}, {wall:.1f} s   goal {GOAL:g} s")
                for step in Report.of(run.history.events).steps:
                    if step.seconds is not None and step.depth <= 1:
                        print(f"  {'  ' * step.depth}{step.seconds:6.2f} s  {step.seconds / wall:4.0%}  {step.title}")


if __name__ == "__main__":
    main()
