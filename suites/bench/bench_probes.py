"""What the probes of the reference stack cost, as a share of one core, with the stack idle.

    python -m suites.bench.bench_probes [--seconds 30]

Three shares: of the harness's own process; of what runs in the replicas, from the CPU that their cgroups counted with
and without the sampler; and of the engine, which carries questions and answers, from /proc, where it runs on this
machine. Beside them, what the same looks would cost as one `docker exec` each. Needs an engine.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fixtures.reference import STACK
from harness.engine import Engine
from harness.environment import Environment
from harness.history import History
from harness.probes import kernel
from harness.probes.sampler import Sampler
from harness.stack import load

ENGINE = ("dockerd", "containerd", "containerd-shim", "podman", "conmon")
TARGET = 0.03


@dataclass(frozen=True)
class Cost:
    """Seconds of CPU for each second."""

    harness: float
    replicas: float
    engine: float


def inside(environment: Environment) -> float:
    """Seconds of CPU that all replicas used so far."""
    answers = (replica.run(kernel.ONCE) for replica in environment.replicas)
    return sum(kernel.read(answer.stdout).cpu or 0.0 for answer in answers)


def engine() -> float:
    """Seconds of CPU that the engine's processes on this machine used so far, with their helpers that have ended."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        name, _, rest = text.partition("(")[2].rpartition(")")
        if name.startswith(ENGINE):
            total += sum(int(word) for word in rest.split()[11:15])
    return total / os.sysconf("SC_CLK_TCK")


def measured(environment: Environment, seconds: float, during: Callable[[], object] = lambda: None) -> Cost:
    """What everything used in these seconds; `during` is called once a second."""
    first, began, cpu, around = inside(environment), time.monotonic(), time.process_time(), engine()
    for second in range(1, int(seconds) + 1):
        during()
        time.sleep(max(0.0, began + second - time.monotonic()))
    took, harness, engines = time.monotonic() - began, time.process_time() - cpu, engine() - around
    return Cost(harness / took, (inside(environment) - first) / took, engines / took)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each part")
    seconds = parser.parse_args(arguments).seconds
    history = History()
    with (
        Engine.connect() as connected,
        Environment(connected, load(STACK), "4.1.0", history, run="bench-probes") as environment,
    ):
        idle = measured(environment, seconds)
        with Sampler(environment, history) as sampler:
            time.sleep(5.0)  # every program is started, and every list was made once
            ticks, events = sampler.ticks, len(history.events)
            sampled = measured(environment, seconds)
            ticks, made = sampler.ticks - ticks, history.events[events:]
        naive = measured(environment, seconds, lambda: naively(environment))
    size = sum(len(event.to_json()) + 1 for event in made)
    print(f"{len(environment.replicas)} replicas, {ticks} looks, {len(made)} events, ", end="")
    print(f"{sum(event.data.get('error') is not None for event in made)} of them without an answer")
    print(f"{size / ticks * 3600 / 1e6:.1f} MB of events in an hour at one look a second")
    print(f"{'% of a core':24}{'idle':>8}{'sampled':>10}{'cost':>8}{'one exec each':>16}")
    total = 0.0
    for name in ("harness", "replicas", "engine"):
        before, after, other = getattr(idle, name), getattr(sampled, name), getattr(naive, name)
        total += after - before
        print(f"{name:24}{before:8.2%}{after:10.2%}{after - before:8.2%}{other - before:16.2%}")
    print(f"{'all':24}{'':18}{total:8.2%}   aim: under {TARGET:.0%}")


def naively(environment: Environment) -> None:
    """One look at each replica, each in an exec of its own."""
    for replica in environment.replicas:
        with replica.start(["/bin/sh", "-c", kernel.ONCE], user="0") as process:
            for _ in process.lines(10.0):
                pass


if __name__ == "__main__":
    main()
