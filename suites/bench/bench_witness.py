"""What the witness of an environment costs, as a share of one core, and whether an environment comes up as fast with
it.

    python -m suites.bench.bench_witness [--seconds 20] [--rounds 4]

The share is of everything: the program in the door, the harness that reads it and beats itself, and the engine that
carries its reports; with the witness running, and after it has ended, in the same environment. The times of coming up
are taken in turns, with it and without it. Needs an engine.
"""

from __future__ import annotations

import argparse
import statistics
import time
from contextlib import nullcontext
from unittest.mock import patch

from fixtures.tiny import STACK
from harness.engine import Container, Engine
from harness.engine.process import ExecProcess
from harness.environment import Environment
from harness.environment.watch import Watch
from harness.history import History
from harness.stack import load
from suites.bench.bench_probes import engine
from suites.raw import select

TARGET = 0.005
USED = "cat /sys/fs/cgroup/cpuacct/cpuacct.usage /sys/fs/cgroup/cpu.stat 2>/dev/null | head -n 1"


def door(connected: Engine, environment: Environment) -> float:
    """Seconds of CPU that the door used so far."""
    container = connected.containers.get(f"{environment.id}-door")
    with ExecProcess.start(connected.api, container.id, ["sh", "-c", USED]) as process:
        words = " ".join(text for _, text in process.lines(10.0)).split()
    return float(words[-1]) / (1e9 if len(words) == 1 else 1e6)  # cgroup v2 says usage_usec


def used(connected: Engine, environment: Environment, seconds: float) -> tuple[float, float, float]:
    """Seconds of CPU for each second: of the harness, the door and the engine."""
    first, began, cpu, around = door(connected, environment), time.monotonic(), time.process_time(), engine()
    time.sleep(seconds)
    took, own, engines = time.monotonic() - began, time.process_time() - cpu, engine() - around
    return own / took, (door(connected, environment) - first) / took, engines / took


def up(connected: Engine, *, witness: bool) -> float:
    """Seconds in which a tiny environment comes up."""
    began = time.monotonic()
    with (
        nullcontext() if witness else patch.object(Watch, "begin_witness", _nothing),
        Environment(connected, load(STACK, environ={}), "1.0.0", History(), run="bench-witness"),
    ):
        return time.monotonic() - began


def _nothing(watch: Watch, container: Container) -> None:
    """No witness."""


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each part")
    parser.add_argument("--rounds", type=int, default=4, help="environments of each kind that are brought up")
    given = parser.parse_args(arguments)
    history = History()
    with Engine.connect() as connected:
        with Environment(connected, load(STACK, environ={}), "1.0.0", history, run="bench-witness") as environment:
            time.sleep(2.0)
            with_it = used(connected, environment, given.seconds)
            events = select(history.events, "witness")
            environment.end_witness()
            time.sleep(1.0)
            without = used(connected, environment, given.seconds)
        print(f"{'% of a core':24}{'with':>10}{'without':>10}{'cost':>10}")
        for name, one, other in zip(("harness", "door", "engine"), with_it, without, strict=True):
            print(f"{name:24}{one:10.2%}{other:10.2%}{one - other:10.2%}")
        print(f"{'all':44}{sum(with_it) - sum(without):10.2%}   aim: under {TARGET:.1%}")
        size = sum(len(event.to_json()) + 1 for event in events) / max(events[-1].since_start, 1e-9)
        print(f"{size * 3600 / 1e6:.1f} MB of events in an hour")
        times = [(up(connected, witness=True), up(connected, witness=False)) for _ in range(given.rounds)]
    one, other = (statistics.median(part) for part in zip(*times, strict=True))
    print(
        f"up: {one:.2f} s with the witness, {other:.2f} s without, ratio {one / other:.2f} (medians of {given.rounds})"
    )


if __name__ == "__main__":
    main()
