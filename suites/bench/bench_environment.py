"""How long an environment takes to come up and go, and what it weighs.

    python -m suites.bench.bench_environment [--rounds 10] [--stack fixtures/reference/compose.yaml]

Prints p50 and p95 of up and down in seconds, the memory of its containers and of the harness in MB. Images first, so
that they are not in the figures.
"""

from __future__ import annotations

import argparse
import resource
import statistics
from pathlib import Path

from fixtures import reference
from harness.engine import Engine
from harness.environment import Environment
from harness.environment.images import ensure_images
from harness.history import History
from harness.plan.run_id import new_run_id
from harness.stack import Stack, load
from suites.raw import select

UP_GOAL, DOWN_GOAL, MEMORY_GOAL, OWN_GOAL = 3.0, 1.0, 500.0, 150.0


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--stack", type=Path, default=reference.STACK)
    options = parser.parse_args(arguments)
    stack = load(options.stack)
    with Engine.connect() as engine:
        ensure_images(engine, stack)
        history, run = History(), new_run_id()
        weights = [weigh(engine, stack, history, run) for _ in range(options.rounds)]
    for kind, goal in (("environment.up", UP_GOAL), ("environment.down", DOWN_GOAL)):
        seconds = sorted(float(event.data["seconds"]) for event in select(history.events, kind))
        p95 = seconds[min(len(seconds) - 1, int(len(seconds) * 0.95))]
        print(f"{kind:18} p50 {statistics.median(seconds):5.2f} s   p95 {p95:5.2f} s   goal {goal:g} s")
    print(f"{'its containers':18} {max(weights):5.0f} MB   goal {MEMORY_GOAL:g} MB (resident, without the page cache)")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'the harness':18} {own:5.0f} MB   goal {OWN_GOAL:g} MB (peak)")


def weigh(engine: Engine, stack: Stack, history: History, run: str) -> float:
    """Bring it up and down once; the resident memory of its containers in MB."""
    release = next(iter(stack.harness.releases))
    with Environment(engine, stack, release, history, run=run, test="bench") as environment:
        return sum(_resident(str(replica.state().pid)) for replica in environment.replicas) / 1e6


def _resident(pid: str) -> float:
    """Bytes that the processes of a container use: anonymous memory of its control group (v1 and v2), else nan."""
    try:
        lines = Path("/proc", pid, "cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return float("nan")  # the engine is on another machine
    for line in lines:
        _, controllers, path = line.split(":", 2)
        root = Path("/sys/fs/cgroup/memory" if "memory" in controllers else "/sys/fs/cgroup")
        file = root / path.lstrip("/") / "memory.stat"
        if ("memory" in controllers or not controllers) and file.exists():
            stat = dict(entry.split() for entry in file.read_text(encoding="utf-8").splitlines())
            return float(stat.get("total_rss") or stat.get("anon") or "nan")
    return float("nan")


if __name__ == "__main__":
    main()
