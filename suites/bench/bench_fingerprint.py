"""How long a fingerprint of the reference stack takes, and how large its event is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from fixtures import reference
from harness.engine import Engine
from harness.plan.run import Options, Run
from harness.stack import load
from suites.raw import select

ROUNDS = 5


def main(_arguments: Sequence[str] = ()) -> None:
    """Print the figures; needs an engine."""
    stack = load(reference.STACK)
    with TemporaryDirectory() as place, Engine.connect() as engine, Run(engine, Options(out=Path(place))) as run:
        run.start()
        with run.environment(stack, "4.1.0", test="bench") as environment:
            times = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                environment.fingerprint()
                times.append(time.perf_counter() - began)
            event = select(run.history.events, "fingerprint")[-1]
        size = len(event.to_json()) / 1e3
        print(f"fingerprint: {min(times):.2f} to {max(times):.2f} s (aim 3 s), event of {size:.0f} kB")
        slowest = sorted(event.data["took"].items(), key=lambda one: -one[1].get("all", 0.0))
        for replica, took in slowest:
            print(f"  {replica:12} {', '.join(f'{what} {seconds:.2f} s' for what, seconds in took.items())}")


if __name__ == "__main__":
    main()
