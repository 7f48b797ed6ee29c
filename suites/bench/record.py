"""Records two identical environments of the reference stack under equal loads: what error rates are measured on.

    python -m suites.bench.record [--seconds 600] [--rate 60] [--out runs]

Prints the directory of the run, which `bench_recovery` and `harness judge` read. Takes two environments, and time.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from fixtures.reference import STACK
from harness.engine import Engine
from harness.events import RunStart
from harness.plan.run import Options, Run
from harness.plan.trial import Trial
from harness.stack import load
from harness.verdict import Outcome, Verdict

RELEASE = "4.1.0"


def record(out: Path, seconds: float, rate: float) -> Path:
    """The directory of a run whose subject and control did the same for so long."""
    stack = load(STACK)
    with Engine.connect() as engine, Run(engine, Options(out=out), RunStart(stack=stack.name)) as run:
        run.start()
        environment = run.environment(stack, RELEASE, test="record")
        with (
            run.history.scope(environment=environment.id),
            environment,
            Trial(environment, run.samples(environment), partial(run.control, stack, RELEASE)) as trial,
        ):
            trial.use_rate(rate)
            trial.workload.compare()
            trial.workload.baseline(seconds)
            trial.workload.bring()
        run.end(Verdict("record", Outcome.PASS, "two identical environments were recorded"), 0)
        return run.directory


def main() -> None:
    """Record, and say where."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--rate", type=float, default=60.0, help="requests a second, for each of the two")
    parser.add_argument("--out", type=Path, default=Path("runs"))
    options = parser.parse_args()
    print(record(options.out, options.seconds, options.rate))


if __name__ == "__main__":
    main()
